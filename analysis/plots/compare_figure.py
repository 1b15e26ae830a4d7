"""Any figures of a sweep against any swept setting, with intervals over seeds.

Quantities on the x axis make lines, to scale where that keeps them apart; categories make bars from zero.
"""

import math

from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from analysis.plots import quantity
from analysis.plots.comparison import Comparison, PlotError
from analysis.plots.labels import listed, sentence
from analysis.plots.style import BLUE, COLOUR_OF, COLOURS, GREY, LINES, MARKERS, Page, colours, figure_text

# Neighbours nearer than this part of the axis would run into each other.
NEAREST = 0.07
# A range of more than this is drawn to logarithmic scale.
LINEAR_X, LINEAR_Y = 10, 100
BAR_LABELS_MAX = 12
# More than this along one axis is turned, so that it does not overlap.
LABEL_CHARACTERS_MAX = 42
COLUMNS_MAX = 3
SINGLE_PANEL, PANEL = (6.6, 3.5), (3.9, 3.2)  # inches


def draw(comparison: Comparison, metrics: list, title=None):
    """A panel per metric. `title` states what is shown; made from the names if left out."""
    columns = 2 if len(metrics) == 4 else min(len(metrics), COLUMNS_MAX)
    rows = math.ceil(len(metrics) / columns)
    single = len(metrics) == 1
    as_lines = len(comparison.x_values) > 1 and quantity.of_one_kind(comparison.x_values)
    if len(comparison.by_values) > len(COLOURS):
        raise PlotError(f"{comparison.by} has {len(comparison.by_values)} values; a figure can tell "
                        f"{len(COLOURS)} apart")
    page = Page(rows, columns, SINGLE_PANEL if single else PANEL,
                title or _title(comparison, metrics), f"{comparison.name}: {comparison.question}",
                comparison.caption(), (comparison.by, _handles(comparison, as_lines)) if comparison.by else None)
    panels = page.figure.subplots(rows, columns, squeeze=False).flatten()
    for axes, metric in zip(panels, metrics):
        name = comparison.label(metric)
        known = [group for group in comparison.groups(metric) if group[2].mean is not None]
        divisor, unit = name.scale(max(abs(point.mean) for _, _, point in known))
        known = [(x, by, point.divided(divisor)) for x, by, point in known]
        axes.set_xlabel(comparison.x)
        axes.grid(False, axis="x")
        (_draw_lines if as_lines else _draw_bars)(axes, comparison, known)
        axes.set_ylabel(f"{name.text} [{unit}]" if single else f"[{unit}]")
        if not single:
            axes.set_title(sentence(name.text), loc="left", fontsize=10)
    for unused in panels[len(metrics):]:
        unused.remove()
    return page.laid_out()


def _title(comparison, metrics):
    by = f", by {comparison.by}" if comparison.by else ""
    return sentence(f"{listed(comparison.label(metric).text for metric in metrics)} against {comparison.x}{by}")


def _handles(comparison, as_lines):
    hues = colours(comparison.by_values)
    labels = [quantity.spell(value) for value in comparison.by_values]
    if as_lines:
        return [Line2D([], [], color=hue, label=label, **_mark(i)) for i, (hue, label) in enumerate(zip(hues, labels))]
    return [Patch(color=hue, label=label) for hue, label in zip(hues, labels)]


def _mark(i):
    return {"marker": MARKERS[i % len(MARKERS)], "linestyle": LINES[i % len(LINES)], "markersize": 5.5}


def place(values):
    """Where the values stand on an axis: positions, and "linear", "log" or, one step apart, "even"."""
    amounts = [quantity.parse(value).amount for value in values]
    for scale in ("linear", "log"):
        if scale == "linear" and min(amounts) > 0 and max(amounts) > LINEAR_X * min(amounts):
            continue
        if scale == "log" and min(amounts) <= 0:
            continue
        at = amounts if scale == "linear" else [math.log(amount) for amount in amounts]
        span = at[-1] - at[0]
        if all(b - a >= NEAREST * span for a, b in zip(at, at[1:])):
            return amounts, scale
    return list(range(len(values))), "even"


def _draw_lines(axes, comparison, known):
    at, scale = place(comparison.x_values)
    if scale == "log":
        axes.set_xscale("log")
        axes.set_xlabel(f"{comparison.x} (log scale)")
    elif scale == "even":
        axes.set_xlabel(f"{comparison.x} (not to scale)")
    hues = colours(comparison.by_values)
    for i, by in enumerate(comparison.by_values):
        dodged = _dodged(at, scale, i, len(comparison.by_values))
        line = sorted((dodged[comparison.x_values.index(x)], point) for x, b, point in known if b == by)
        points = [point for _, point in line]
        axes.errorbar([x for x, _ in line], [point.mean for point in points], yerr=_arms(points), color=hues[i],
                      capsize=3.5, elinewidth=1.2, clip_on=False, zorder=3, **_mark(i))
    axes.set_xticks(at, [quantity.spell(value) for value in comparison.x_values])
    axes.minorticks_off()
    lowest = min(point.bounds()[0] for _, _, point in known)
    highest = max(point.bounds()[1] for _, _, point in known)
    if lowest > 0 and highest > LINEAR_Y * lowest:
        axes.set_yscale("log")
    elif lowest >= 0:
        axes.set_ylim(0, highest * 1.06 or 1)


def _dodged(at, scale, i, count):
    """Lines of several groups stand a little apart, so that intervals do not hide each other."""
    shift = (i - (count - 1) / 2) * 0.012
    if scale == "log":
        return [x * (at[-1] / at[0]) ** shift for x in at]
    return [x + (at[-1] - at[0]) * shift for x in at]


def _arms(points):
    """Lengths of the error bars below and above the means."""
    return [[point.mean - point.bounds()[0] for point in points], [point.bounds()[1] - point.mean for point in points]]


def _draw_bars(axes, comparison, known):
    width = 0.8 / len(comparison.by_values)
    highest = max(point.bounds()[1] for _, _, point in known)
    lowest = min(point.bounds()[0] for _, _, point in known)
    # Bars of one group each are told apart by their place; a strategy keeps its colour all the same.
    known_names = all(isinstance(x, str) and x in COLOUR_OF for x in comparison.x_values)
    hues_of_x = colours(comparison.x_values) if known_names else [BLUE] * len(comparison.x_values)
    hues_of_by = colours(comparison.by_values)
    capsize = min(4, 60 * width / len(comparison.x_values))  # points; never wider than the bar
    for x, by, point in known:
        i = comparison.by_values.index(by)
        position = comparison.x_values.index(x)
        at = position + (i - (len(comparison.by_values) - 1) / 2) * width
        hue = hues_of_by[i] if comparison.by else hues_of_x[position]
        axes.bar(at, point.mean, width * 0.88, color=hue, alpha=0.8, zorder=2)
        if point.low is not None:
            axes.errorbar(at, point.mean, yerr=_arms([point]), color="black", capsize=capsize,
                          elinewidth=1.2, zorder=3)
        if len(known) <= BAR_LABELS_MAX:
            # Fewer digits where the bar is hardly seen: 0.00332 would run into its neighbours' labels.
            text = figure_text(point.mean) if abs(point.mean) > 0.05 * highest else f"{point.mean:.2g}"
            axes.annotate(text, (at, point.bounds()[1]), (0, 3), textcoords="offset points", ha="center", va="bottom",
                          fontsize=7.5, color=GREY)
    labels = [quantity.spell(value) for value in comparison.x_values]
    axes.set_xticks(range(len(labels)), labels)
    if sum(map(len, labels)) > LABEL_CHARACTERS_MAX:
        axes.tick_params(axis="x", labelrotation=25)
        for label in axes.get_xticklabels():
            label.set_horizontalalignment("right")
    axes.set_ylim(min(0, lowest * 1.08), max(0, highest * 1.12) or (1 if lowest >= 0 else 0))
