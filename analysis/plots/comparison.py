"""What `revenant compare --json` says: means over seeds with their intervals. Nothing is computed here.

The results of a sweep (SQLite) are given to `revenant compare`; a .json file is taken as its output.
"""

import difflib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple, Optional

from analysis.plots import quantity
from analysis.plots.labels import Label, label

ROOT = Path(__file__).resolve().parents[2]
# Where a build leaves the program, the fastest first.
BUILDS = ("build/release/revenant", "build/clang/revenant", "build/dev/revenant", "build/asan/revenant")


class PlotError(Exception):
    """What the user asked for cannot be drawn; the message says why."""


class Point(NamedTuple):
    n: int
    mean: Optional[float]
    low: Optional[float]
    high: Optional[float]

    def bounds(self):
        """The interval; without one, the mean alone."""
        return (self.mean, self.mean) if self.low is None else (self.low, self.high)

    def divided(self, divisor):
        return Point(self.n, *(value if value is None else value / divisor for value in self[1:]))


class Comparison:
    def __init__(self, data: dict, source: str):
        try:
            if data["format"] != "revenant-comparison" or data["version"] != 1:
                raise PlotError(f"{source} has comparisons of version {data['version']}; this program draws version 1")
            self.name, self.question, self.build = data["name"], data["question"], data["build"]
            self.x, self.by = data["x"], data["by"]
            self.where, self.pooled, self.confidence = data["where"], data["pooled"], data["confidence"]
            self.runs = data["runs"]
            self._metrics = {metric["metric"]: metric for metric in data["metrics"]}
            # Values are JSON and may be objects: named by their text, in the sweep's order.
            groups = data["metrics"][0]["groups"] if data["metrics"] else []
        except (KeyError, TypeError) as error:
            raise PlotError(f"{source} is not the output of `revenant compare --json`: no {error}") from error
        self.source = source
        self.x_values = quantity.in_order(_distinct(group["x"] for group in groups))
        self.by_values = quantity.in_order(_distinct(group["by"] for group in groups))

    @property
    def metrics(self) -> list:
        return list(self._metrics)

    def label(self, metric: str) -> Label:
        return label(metric, self._metrics[metric]["unit"])

    def groups(self, metric: str) -> list:
        """(x, by, point) for each group; the mean is None where no seed has the figure."""
        return [(group["x"], group["by"], Point(group["n"], group["mean"], group["low"], group["high"]))
                for group in self._metrics[metric]["groups"]]

    def points(self, metric: str) -> list:
        return [point for _, _, point in self.groups(metric)]

    def caption(self) -> str:
        counts = sorted({point.n for metric in self._metrics for point in self.points(metric)})
        seeds = f"{counts[0]}" if len(counts) == 1 else f"{counts[0]} to {counts[-1]}"
        parts = [f"Mean of n = {seeds} seeds; error bars: {self.confidence:.0%} Student's t interval over seeds."
                 .replace("%", " %")]
        parts += [f"Only {path} = {value}." for path, value in self.where.items()]
        parts += [f"A seed's number is its mean over {path}." for path in self.pooled]
        if self.runs["made"] < self.runs["planned"]:
            parts.append(f"{self.runs['planned'] - self.runs['made']} of {self.runs['planned']} runs are not made yet.")
        if self.runs["crashed"]:
            parts.append(f"{self.runs['crashed']} runs crashed and are left out.")
        return " ".join(parts) + f" Scenario {self.name}, {self.build}."


def _distinct(values) -> list:
    result = []
    for value in values:
        if value not in result:
            result.append(value)
    return result


def unknown(what: str, name: str, known) -> PlotError:
    near = difflib.get_close_matches(name, known, n=1)
    hint = f" (did you mean {near[0]}?)" if near else ""
    return PlotError(f"the {what} {name} is not in the results{hint}; they have {', '.join(known)}")


def find_revenant(given: Optional[str]) -> str:
    named = given or os.environ.get("REVENANT")
    if named:
        if shutil.which(named) is None:
            raise PlotError(f"{named} is not a program")
        return named
    for build in BUILDS:
        if os.access(ROOT / build, os.X_OK):
            return str(ROOT / build)
    found = shutil.which("revenant")
    if found is None:
        raise PlotError("no revenant program found: `./dev build` makes one, --revenant names another")
    return found


def load(results: str, x: str, by: Optional[str], metrics: list, where=(), revenant=None) -> Comparison:
    """The comparison of `metrics` along `x`, a line or group of bars for each value of `by`."""
    path = Path(results)
    if not path.is_file():
        raise PlotError(f"{results}: no such file")
    if path.suffix == ".json":
        return _from_json(path, x, by, metrics, where)
    command = [find_revenant(revenant), "compare", str(path), "--x", x, "--json"]
    command += ["--by", by] if by else []
    for metric in metrics:
        command += ["--metric", metric]
    for condition in where:
        command += ["--where", condition]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PlotError(done.stderr.strip() or f"{command[0]} ended with exit code {done.returncode}")
    return _checked(Comparison(json.loads(done.stdout), str(path)), metrics)


def _from_json(path: Path, x: str, by: Optional[str], metrics: list, where) -> Comparison:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise PlotError(f"{path} is not JSON: {error}") from error
    comparison = Comparison(data, str(path))
    for asked, found, option in ((x, comparison.x, "x"), (by, comparison.by, "by")):
        if asked != found:
            raise PlotError(f"{path} was made with --{option} {found}, not {asked}")
    if where:
        raise PlotError(f"{path} is a comparison already; --where is for `revenant compare`")
    return _checked(comparison, metrics)


def _checked(comparison: Comparison, metrics: list) -> Comparison:
    for metric in metrics:
        if metric not in comparison.metrics:
            raise unknown("metric", metric, comparison.metrics)
        if all(point.mean is None for point in comparison.points(metric)):
            raise PlotError(f"{comparison.source}: {metric} was measured in no seed of any group")
    return comparison
