"""How every figure looks, and how it is saved: the same bytes each time it is drawn."""

import math
import textwrap
from pathlib import Path

import matplotlib
from matplotlib.figure import Figure

# Okabe and Ito's palette for all kinds of colour vision (jfly.uni-koeln.de/color), without yellow, which is too
# light on white. Markers and lines differ as well, for print.
BLUE, VERMILLION, GREEN, ORANGE, SKY, PURPLE, BLACK = (
    "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#000000")
COLOURS = (BLUE, VERMILLION, GREEN, ORANGE, PURPLE, SKY, BLACK)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":")
GREY = "#595959"

# A strategy and a kind of fault have one colour in all figures.
COLOUR_OF = {
    "size_tiered": BLUE, "leveled": VERMILLION, "none": GREY,
    "crash": VERMILLION, "power_loss": BLACK, "pause": PURPLE, "partition": BLUE, "lag": ORANGE, "link": SKY,
    "clock": GREEN,
}

SETTINGS = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.6,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "savefig.dpi": 160,
    "svg.hashsalt": "revenant",  # ids of SVG elements are drawn from it, not at random
}
# The parts of a file's metadata that would differ from run to run or from machine to machine.
METADATA = {".svg": {"Date": None, "Creator": "Revenant"}, ".png": {"Software": "Revenant"}}

LINE_HEIGHT = 0.165  # inches, of text at TEXT_SIZE
TEXT_SIZE = 8
CHARACTERS_PER_INCH = 17  # DejaVu Sans at TEXT_SIZE, on average
TITLE_LINE_HEIGHT, TITLE_CHARACTERS_PER_INCH = 0.23, 10.2  # bold, at 12


def colours(values) -> list:
    """One for each: those that belong to their names, if all have one, else the palette's in order."""
    names = [value if isinstance(value, str) else None for value in values]
    if all(name in COLOUR_OF for name in names):
        return [COLOUR_OF[name] for name in names]
    return [COLOURS[i % len(COLOURS)] for i in range(len(values))]


class Page:
    """A figure of panels with a title and perhaps a legend (its title and handles) above them, and a caption below.
    Sizes are in inches; text never overlaps the panels, since its height is taken off them."""

    def __init__(self, rows, columns, panel, title, subtitle="", caption="", legend=None, heights=None):
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(SETTINGS)
        width = max(columns * panel[0], 6.2)
        wrapped_caption = self._wrap(caption, width)
        wrapped_title = self._wrap(title, width, TITLE_CHARACTERS_PER_INCH)
        wrapped_subtitle = self._wrap(subtitle, width)
        legend_columns, legend_rows = self._legend_size(legend, width)
        title_height = 0.14 + _lines(wrapped_title) * TITLE_LINE_HEIGHT
        self.above = title_height + 0.05 + _lines(wrapped_subtitle) * LINE_HEIGHT + legend_rows * 0.22
        below = 0.12 + _lines(wrapped_caption) * LINE_HEIGHT
        self.height = self.above + below + (sum(heights) if heights else rows * panel[1])
        self.figure = Figure(figsize=(width, self.height), layout="constrained")
        self.figure.get_layout_engine().set(
            rect=(0.01, below / self.height, 0.98, 1 - (self.above + below) / self.height), hspace=0.04, wspace=0.06)
        self.width = width
        self._text(wrapped_title, 0.12, size=12, weight="bold")
        self._text(wrapped_subtitle, title_height, size=TEXT_SIZE, color=GREY)
        self.figure.text(0.1 / width, 0.08 / self.height, wrapped_caption, size=TEXT_SIZE - 0.5, color=GREY,
                         va="bottom", linespacing=1.25)
        if legend:
            self._legend(*legend, legend_columns)

    @staticmethod
    def _wrap(text, width, per_inch=CHARACTERS_PER_INCH):
        return textwrap.fill(text, int((width - 0.2) * per_inch))

    def _text(self, text, down, **options):
        self.figure.text(0.1 / self.width, 1 - down / self.height, text, va="top", linespacing=1.25, **options)

    def laid_out(self):
        """The figure, with its panels where they will stay. The solver behind the layout keeps its variables by
        address, so that its last bits vary from process to process: they are rounded away here."""
        self.figure.draw_without_rendering()
        self.figure.set_layout_engine("none")
        for axes in self.figure.axes:
            axes.set_position([round(edge, 4) for edge in axes.get_position().bounds])
        return self.figure

    @staticmethod
    def _legend_size(legend, width):
        if not legend:
            return 0, 0
        entry = 0.75 + max(len(handle.get_label()) for handle in legend[1]) / CHARACTERS_PER_INCH
        columns = max(1, min(len(legend[1]), int((width - 0.2) / entry)))
        return columns, 1 + math.ceil(len(legend[1]) / columns)

    def _legend(self, title, handles, columns):
        self.figure.legend(handles=handles, title=title, ncol=columns, loc="lower left", fontsize=TEXT_SIZE,
                           title_fontsize=TEXT_SIZE, alignment="left", borderaxespad=0, handlelength=2.6,
                           bbox_to_anchor=(0.08 / self.width, 1 - self.above / self.height))


def _lines(text) -> int:
    return text.count("\n") + 1 if text else 0


def figure_text(value) -> str:
    """A figure beside its mark."""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def save(figure, out: Path) -> list:
    """Writes `out` as its ending says, or out.png and out.svg if it has none of the two. Returns the paths."""
    paths = [out] if out.suffix in METADATA else [Path(f"{out}.png"), Path(f"{out}.svg")]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, metadata=METADATA[path.suffix])
    return paths
