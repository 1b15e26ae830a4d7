"""How stale reads are: the share that saw the newest write, by its age, and that returned one of the last k versions.

Reads what `revenant check HISTORY --property fresh_reads --json` printed, a line for each such file.
"""

import json
from pathlib import Path
from typing import NamedTuple

from matplotlib.lines import Line2D

from analysis.plots.comparison import PlotError
from analysis.plots.style import COLOURS, Page

MARKERS = "osD^v<>P"
PROPERTY = "fresh_reads"


class Curve(NamedTuple):
    name: str
    what: str
    points: list  # from, to, share, low, high, reads


def load(source: str) -> dict:
    try:
        verdicts = json.loads(Path(source).read_text(encoding="utf-8"))
        curves = [curve for verdict in verdicts if verdict["property"] == PROPERTY for curve in verdict.get("curves", [])]
        found = {curve["name"]: Curve(curve["name"], curve["what"], curve["points"]) for curve in curves}
    except (ValueError, KeyError, TypeError) as error:
        raise PlotError(f"{source} is not what `revenant check --json` printed: {error!r}") from error
    if not found:
        raise PlotError(f"{source} has no curves: check a history whose versions are known for {PROPERTY}")
    return found


def draw(histories: dict, title=None):
    """`histories`: curves by the name of their history."""
    reads = sum(point["reads"] for curves in histories.values() for point in curves["t_visibility"].points)
    caption = (f"Bars: Wilson's 95 % intervals, as if reads were independent of each other. {reads} reads; an age stands for "
               "those up to the next.")
    marks = [{"color": COLOURS[i % len(COLOURS)], "marker": MARKERS[i % len(MARKERS)], "markersize": 4}
             for i in range(len(histories))]
    handles = [Line2D([], [], label=name, **mark) for name, mark in zip(histories, marks)]
    page = Page(1, 2, (4.2, 2.9), title or "How stale reads are", "", caption,
                legend=("history", handles) if len(histories) > 1 else None)
    panels = page.figure.subplots(1, 2)
    for curves, mark in zip(histories.values(), marks):
        for axes, name in zip(panels, ("t_visibility", "k_staleness")):
            points = curves[name].points
            # What is younger than a microsecond has a place on the logarithmic axis too.
            at = [max(point["from"], 5e-4) if name == "t_visibility" else point["from"] for point in points]
            share = [100 * point["share"] for point in points]
            below = [100 * (point["share"] - point["low"]) for point in points]
            above = [100 * (point["high"] - point["share"]) for point in points]
            axes.errorbar(at, share, yerr=(below, above), capsize=2, zorder=3, **mark)
    first = next(iter(histories.values()))
    panels[0].set_xscale("log")
    panels[0].set_xlabel("age of the newest acknowledged write [ms]")
    panels[0].set_ylabel("[% of reads]")
    panels[0].set_title("Saw that write", loc="left", fontsize=9)
    panels[1].set_xlabel("k")
    panels[1].set_xticks([point["from"] for point in first["k_staleness"].points])
    panels[1].set_title("Returned one of the last k versions", loc="left", fontsize=9)
    return page.laid_out()
