#!/usr/bin/env python3
"""Draws what sweeps and runs leave: figures with intervals over seeds, and figures over time.

    plot.py compare RESULTS --x storage.gc_grace --metric resurrected_keys [--by replication.repair] [-o OUT]
    plot.py timeline RUN_DIRECTORY --metric stale_reads --metric disk_bytes [-o OUT]
    plot.py amplification | resurrection | quorum RESULTS [-o OUT]
    plot.py staleness CHECKED… [-o OUT]

RESULTS is what `revenant sweep` wrote, or the output of `revenant compare --json`; CHECKED, that of `revenant check HISTORY
--property fresh_reads --json`. OUT ends in .png or .svg; without
either, both are written. The same input gives the same bytes.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

try:
    from analysis.plots import compare_figure, staleness_figure, timeline_figure  # noqa: E402
except ImportError as missing:
    sys.exit(f"plot.py: {missing}; Debian's python3-matplotlib is for /usr/bin/python3")
from analysis.plots import comparison, style  # noqa: E402
from analysis.plots.comparison import PlotError  # noqa: E402
from analysis.plots.named_figures import FIGURES  # noqa: E402

USAGE_ERROR = 2


def main(arguments) -> int:
    options = parser().parse_args(arguments)
    try:
        figure, default_out = options.draw(options)
        paths = style.save(figure, Path(options.out) if options.out else default_out)
    except (PlotError, OSError) as error:
        print(f"plot.py: {error}", file=sys.stderr)
        return USAGE_ERROR
    for path in paths:
        print(path)
    return 0


def parser() -> argparse.ArgumentParser:
    result = argparse.ArgumentParser(prog="plot.py", description=__doc__, allow_abbrev=False,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    figures = result.add_subparsers(dest="figure", required=True, metavar="FIGURE")

    compare = _sweep_figure(figures, "compare", "any figures of a sweep against any swept setting", draw_compare)
    compare.add_argument("--x", required=True, metavar="PATH", help="the swept setting of the x axis")
    compare.add_argument("--metric", action="append", required=True, help="what to draw; may be repeated")
    _add_by(compare)

    for name, named in FIGURES.items():
        figure = _sweep_figure(figures, name, named.help, draw_named)
        if named.by is None:
            _add_by(figure)

    timeline = figures.add_parser("timeline", help="figures of one run over time, with its faults", allow_abbrev=False)
    timeline.add_argument("run", metavar="RUN", help="a run directory, its timeseries.csv, or results with --number")
    timeline.add_argument("--number", type=int, metavar="N", help="which run of the results")
    timeline.add_argument("--metric", action="append", required=True, help="what to draw; may be repeated")
    _add_output(timeline)
    timeline.set_defaults(draw=draw_timeline)

    staleness = figures.add_parser("staleness", help="how stale the reads of histories are", allow_abbrev=False)
    staleness.add_argument("checked", nargs="+", metavar="CHECKED", help="what check --json printed; called by its name")
    _add_output(staleness)
    staleness.set_defaults(draw=draw_staleness)
    return result


def _sweep_figure(figures, name, text, draw):
    result = figures.add_parser(name, help=text, allow_abbrev=False)
    result.add_argument("results", metavar="RESULTS", help="a results file, or the output of compare --json")
    result.add_argument("--where", action="append", default=[], metavar="PATH=VALUE", help="only these runs")
    result.add_argument("--revenant", metavar="PROGRAM", help="the program that compares; $REVENANT or that of a build")
    _add_output(result)
    result.set_defaults(draw=draw, by=None)
    return result


def _add_by(figure):
    figure.add_argument("--by", metavar="PATH", help="a line or group of bars for each value of this setting")


def _add_output(figure):
    figure.add_argument("-o", "--out", help="where to write; beside the input if left out")
    figure.add_argument("--title", help="instead of the figure's own")


def draw_compare(options):
    found = comparison.load(options.results, options.x, options.by, options.metric, options.where, options.revenant)
    return compare_figure.draw(found, options.metric, options.title), _beside(options.results, "_".join(options.metric))


def draw_named(options):
    named = FIGURES[options.figure]
    found = comparison.load(options.results, named.x, options.by or named.by, list(named.metrics), options.where,
                            options.revenant)
    figure = compare_figure.draw(found, list(named.metrics), options.title or named.title)
    return figure, _beside(options.results, options.figure)


def draw_timeline(options):
    run = timeline_figure.load(options.run, options.number)
    figure = timeline_figure.draw(run, options.metric, options.title)
    path = Path(options.run)
    return figure, (path if path.is_dir() else path.parent) / "timeline"


def draw_staleness(options):
    histories = {Path(checked).stem: staleness_figure.load(checked) for checked in options.checked}
    return staleness_figure.draw(histories, options.title), _beside(options.checked[0], "staleness")


def _beside(results, name):
    path = Path(results)
    return path.with_name(path.stem if path.stem == name else f"{path.stem}_{name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
