"""Figures of one run over virtual time, with its faults above them and their windows shaded.

Reads a run directory (timeseries.csv, faults.json, run.json), a CSV file alone, or one run of a sweep's results.
"""

import csv
import io
import json
import math
import sqlite3
from pathlib import Path
from typing import NamedTuple

from analysis.plots import quantity
from analysis.plots.comparison import PlotError, unknown
from analysis.plots.labels import label, listed, sentence
from analysis.plots.style import COLOUR_OF, COLOURS, GREY, Page

TIME = "time_s"
LANES_MAX = 8
TIME_UNITS = ((2 * 86400, 86400, "days"), (2 * 3600, 3600, "hours"), (2 * 60, 60, "minutes"), (0, 1, "s"))


class Fault(NamedTuple):
    kind: str
    nodes: tuple
    begin: float
    end: float


class Run(NamedTuple):
    columns: dict  # name -> figures, NaN where there is none; TIME among them
    faults: list
    question: str  # of the scenario, if known
    about: str  # seed, fingerprint and build, if known


def load(source: str, run=None) -> Run:
    path = Path(source)
    if run is not None:
        return _from_results(path, run)
    series = path / "timeseries.csv" if path.is_dir() else path
    if not series.is_file():
        raise PlotError(f"{series}: no such file")
    faults = path / "faults.json" if path.is_dir() else path.with_name("faults.json")
    question, about = "", ""
    if (series.parent / "run.json").is_file():
        question, about = _facts(series.parent / "run.json")
    return _run(series.read_text(encoding="utf-8"), faults.read_text(encoding="utf-8") if faults.is_file() else "[]",
                str(series), question, about)


def _facts(path: Path):
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return (f"{data['scenario']['name']}: {data['scenario']['question']}",
                f"seed {data['seed']}, fingerprint {data['fingerprint']}, {data['build']}")
    except (ValueError, KeyError, TypeError) as error:
        raise PlotError(f"{path} is not what a run left: {error!r}") from error


def _from_results(path: Path, run: int) -> Run:
    if not path.is_file():
        raise PlotError(f"{path}: no such file")
    database = sqlite3.connect(path)
    try:
        documents = dict(database.execute("SELECT name, content FROM document WHERE run = ?", (run,)))
        facts = database.execute("SELECT seed, fingerprint FROM run WHERE run = ?", (run,)).fetchone()
        settings = database.execute(
            "SELECT path, value FROM setting JOIN run USING (point) WHERE run = ? ORDER BY path", (run,)).fetchall()
        name, question, build = database.execute("SELECT name, question, build FROM experiment").fetchone()
    except sqlite3.DatabaseError as error:
        raise PlotError(f"{path} is not a results file of `revenant sweep`: {error}") from error
    finally:
        database.close()
    if "timeseries.csv" not in documents:
        raise PlotError(f"{path}: run {run} has no time series")
    chosen = ", ".join(f"{p} = {quantity.spell(json.loads(value))}" for p, value in settings)
    about = f"{chosen + ', ' if chosen else ''}seed {facts[0]}, fingerprint {facts[1]}, {build}"
    return _run(documents["timeseries.csv"], documents.get("faults.json", "[]"), f"{path}, run {run}",
                f"{name}: {question}", about)


def _run(series: str, faults: str, source: str, question: str, about: str) -> Run:
    rows = list(csv.reader(io.StringIO(series)))
    if not rows or not rows[0] or rows[0][0] != TIME:
        raise PlotError(f"{source} is not a time series: its first column is not {TIME}")
    if len(rows) < 2:
        raise PlotError(f"{source} has no rows")
    try:
        columns = {name: [float(row[i]) if row[i] else math.nan for row in rows[1:]] for i, name in enumerate(rows[0])}
    except (ValueError, IndexError) as error:
        raise PlotError(f"{source}: a row is not one figure per column: {error}") from error
    end = columns[TIME][-1]
    try:
        windows = [Fault(f["kind"], tuple(f["nodes"]), f["from_s"], end if f["to_s"] is None else min(f["to_s"], end))
                   for f in json.loads(faults)]
    except (ValueError, KeyError, TypeError) as error:
        raise PlotError(f"the faults of {source} cannot be read: {error}") from error
    return Run(columns, [fault for fault in windows if fault.begin <= end], question, about)


def draw(run: Run, metrics: list, title=None):
    """A panel per metric, above each other; faults in lanes above them."""
    for metric in metrics:
        if metric not in run.columns or metric == TIME:
            raise unknown("column", metric, [name for name in run.columns if name != TIME])
    times = run.columns[TIME]
    _, divisor, unit = next(entry for entry in TIME_UNITS if times[-1] >= entry[0])
    lanes = _lanes(run.faults)
    heights = ([0.25 + 0.2 * len(lanes)] if lanes else []) + [1.7] * len(metrics)
    heights[-1] += 0.35  # the time axis
    caption = ("Shaded: faults. " if run.faults else "") + "One run, so no interval"
    caption += f": {run.about}." if run.about else "."
    names = [label(metric) for metric in metrics]
    title = title or sentence(f"{listed(name.text for name in names)} over time")
    page = Page(len(heights), 1, (7.4, 0), title, run.question, caption, heights=heights)
    panels = page.figure.subplots(len(heights), 1, sharex=True, squeeze=False,
                                  gridspec_kw={"height_ratios": heights})[:, 0]
    if lanes:
        _draw_lanes(panels[0], lanes, divisor, times)
    for i, (axes, metric, name) in enumerate(zip(panels[-len(metrics):], metrics, names)):
        figures = run.columns[metric]
        greatest = max((abs(value) for value in figures if not math.isnan(value)), default=0)
        scale, figure_unit = name.scale(greatest)
        axes.plot([t / divisor for t in times], [value / scale for value in figures],
                  color=COLOURS[i % len(COLOURS)], zorder=3)
        for fault in run.faults:
            hue = COLOUR_OF.get(fault.kind, GREY)
            axes.axvspan(fault.begin / divisor, fault.end / divisor, color=hue, alpha=0.10, lw=0)
        axes.set_title(sentence(name.text), loc="left", fontsize=9)
        axes.margins(x=0)
        axes.set_ylabel(f"[{figure_unit}]")
        if not any(value < 0 for value in figures):
            axes.set_ylim(0, greatest / scale * 1.08 or 1)
    panels[-1].set_xlabel(f"virtual time [{unit}]")
    page.figure.align_ylabels(panels)
    return page.laid_out()


def _lanes(faults):
    """Faults by what they hit, or only by kind if that were too many lanes."""
    lanes = {}
    for fault in faults:
        lanes.setdefault((fault.kind, fault.nodes), []).append(fault)
    if len(lanes) > LANES_MAX:
        lanes = {}
        for fault in faults:
            lanes.setdefault((fault.kind, ()), []).append(fault)
    return lanes


def _draw_lanes(axes, lanes, divisor, times):
    names = []
    span = (times[-1] - times[0]) / divisor
    for row, ((kind, nodes), faults) in enumerate(lanes.items()):
        # An instant is drawn a hairline wide, so that it is seen.
        axes.broken_barh([(f.begin / divisor, max((f.end - f.begin) / divisor, span / 500)) for f in faults],
                         (row - 0.35, 0.7), color=COLOUR_OF.get(kind, GREY))
        shown = ", ".join(f"n{node}" for node in nodes) if len(nodes) <= 3 else f"{len(nodes)} nodes"
        names.append(f"{kind.replace('_', ' ')} {shown}".strip())
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_title("Faults", loc="left", fontsize=9)
    axes.tick_params(length=0)
    axes.grid(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)
