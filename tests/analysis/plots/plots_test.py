"""The figures: what they show, that their text stays clear of itself, and that they are the same each time."""

import itertools
import json
import unittest

from fixture import DATA, FAULTS, SERIES, Drawing

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.container import ErrorbarContainer
from matplotlib.text import Text

from analysis.plots import compare_figure, comparison, staleness_figure, timeline_figure
from analysis.plots.named_figures import FIGURES


def golden(name) -> dict:
    return json.loads((DATA / name).read_text(encoding="utf-8"))


def compared(data) -> comparison.Comparison:
    return comparison.Comparison(data, "test")


def error_bars(axes):
    """(low, high) of each error bar drawn."""
    return [tuple(segment[:, 1]) for container in axes.containers if isinstance(container, ErrorbarContainer)
            for lines in container[2] for segment in lines.get_segments()]


class Comparisons(Drawing):
    def test_error_bars_are_the_intervals_given(self):
        data = golden("resurrection_by_repair.json")
        figure = compare_figure.draw(compared(data), ["resurrected_keys"])
        expected = {(round(g["low"], 6), round(g["high"], 6)) for g in data["metrics"][0]["groups"]}
        drawn = {(round(low, 6), round(high, 6)) for low, high in error_bars(figure.axes[0])}
        self.assertEqual(drawn, expected)

    def test_shares_are_drawn_in_per_cent(self):
        data = golden("quorum.json")
        axes = compare_figure.draw(compared(data), list(FIGURES["quorum"].metrics)).axes[0]
        self.assertEqual(axes.get_ylabel(), "[% of reads]")
        highest = max(g["high"] for g in data["metrics"][0]["groups"])
        self.assertAlmostEqual(max(high for _, high in error_bars(axes)), 100 * highest)

    def test_quantities_stand_in_order_of_size(self):
        figure = compare_figure.draw(compared(golden("resurrection.json")), ["resurrected_keys"])
        axes = figure.axes[0]
        self.assertEqual([tick.get_text() for tick in axes.get_xticklabels()], ["12h", "1d", "5d", "10d", "20d"])
        self.assertEqual(axes.get_xscale(), "log")

    def test_categories_are_bars_in_the_order_of_the_sweep(self):
        axes = compare_figure.draw(compared(golden("amplification.json")), ["write_amplification"]).axes[0]
        self.assertEqual([tick.get_text() for tick in axes.get_xticklabels()], ["size_tiered", "leveled", "none"])
        self.assertEqual(axes.get_ylim()[0], 0)

    def test_one_seed_has_no_error_bar(self):
        data = golden("amplification.json")
        for group in data["metrics"][0]["groups"]:
            group.update(n=1, deviation=None, low=None, high=None)
        axes = compare_figure.draw(compared(data), ["write_amplification"]).axes[0]
        self.assertEqual(error_bars(axes), [])
        self.assertEqual(len(axes.patches), 3)

    def test_a_group_without_the_figure_is_left_out(self):
        data = golden("resurrection.json")
        data["metrics"][0]["groups"][1].update(n=0, mean=None, deviation=None, low=None, high=None)
        axes = compare_figure.draw(compared(data), ["resurrected_keys"]).axes[0]
        self.assertEqual(len(error_bars(axes)), 4)
        self.assertEqual(len(axes.get_xticks()), 5)

    def test_the_caption_says_what_the_intervals_rest_on(self):
        data = golden("resurrection.json")
        self.assertEqual(compared(data).caption(),
                         "Mean of n = 20 seeds; error bars: 95 % Student's t interval over seeds. Only "
                         "replication.repair = off. Scenario lagging_replica, 0.1.0 test.")
        data["metrics"][0]["groups"][0]["n"] = 18
        data["runs"] = {"planned": 100, "made": 99, "crashed": 1}
        data["pooled"] = ["disk.profile"]
        caption = compared(data).caption()
        for part in ("n = 18 to 20 seeds", "its mean over disk.profile", "1 of 100 runs are not made yet",
                     "1 runs crashed and are left out"):
            self.assertIn(part, caption)

    def test_more_lines_than_can_be_told_apart_are_refused(self):
        data = golden("resurrection_by_repair.json")
        groups = data["metrics"][0]["groups"]
        data["metrics"][0]["groups"] = [{**groups[0], "by": i} for i in range(8)]
        with self.assertRaisesRegex(comparison.PlotError, "replication.repair has 8 values; a figure can tell 7 apart"):
            compare_figure.draw(compared(data), ["resurrected_keys"])


class Layout(Drawing):
    """Texts overlap neither each other nor the figure's edge."""

    def check(self, figure):
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        renderer = canvas.get_renderer()
        texts = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
        # The box of a turned text says little of where its letters are.
        boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts
                 if text.get_rotation() in (0, 90)]
        # Ticks beyond the axis are kept, but not drawn.
        page = figure.bbox
        boxes = [(text, box) for text, box in boxes if box.width > 0 and not self._undrawn(figure, text, box)]
        for text, box in boxes:
            self.assertTrue(page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1,
                            f"beyond the edge: {text}")
        for (text, box), (other_text, other) in itertools.combinations(boxes, 2):
            width = min(box.x1, other.x1) - max(box.x0, other.x0)
            height = min(box.y1, other.y1) - max(box.y0, other.y0)
            # A pixel or two is the box's margin around its letters.
            self.assertFalse(width > 2 and height > 2, f"{text!r} overlaps {other_text!r}")

    @staticmethod
    def _undrawn(figure, text, box):
        for axes in figure.axes:
            for axis in (axes.xaxis, axes.yaxis):
                drawn = [tick.label1.get_text() for tick in axis._update_ticks()]
                labels = [tick.label1 for tick in axis.get_major_ticks()]
                if any(label.get_text() == text and label.get_window_extent().bounds == box.bounds and
                       text not in drawn for label in labels):
                    return True
        return False

    def test_named_figures(self):
        for name, figure in FIGURES.items():
            with self.subTest(name):
                data = golden(f"{name}.json")
                self.check(compare_figure.draw(compared(data), list(figure.metrics), figure.title))

    def test_long_names_many_groups_and_many_panels(self):
        data = golden("resurrection_by_repair.json")
        data["question"] = "Is this a question that needs more than one line to be asked, and then some? " * 3
        data["x"] = data["by"] = "workload[0].a_path_that_goes_on"
        groups = data["metrics"][0]["groups"]
        data["metrics"][0]["groups"] = [
            {**groups[x], "x": f"value number {x} of it", "by": f"a group named {by}"}
            for x in range(4) for by in range(6)]
        data["metrics"] = [{**data["metrics"][0], "metric": f"figure_{i}"} for i in range(5)]
        self.check(compare_figure.draw(compared(data), [f"figure_{i}" for i in range(5)]))
        self.check(compare_figure.draw(compared(data), ["figure_0"]))

    def test_curves_of_staleness(self):
        curves = []
        for name, at in (("t_visibility", (0, 0.5, 1, 20, 5000)), ("k_staleness", range(1, 11))):
            points = [{"from": x, "to": 2 * x, "share": 0.9, "low": 0.8, "high": 0.95, "reads": 40} for x in at]
            curves.append({"name": name, "what": "reads", "unit": "-", "points": points})
        for name in ("one", "quorum"):
            verdicts = [{"property": "fresh_reads", "curves": curves}]
            (self.directory / f"{name}.json").write_text(json.dumps(verdicts), encoding="utf-8")
        loaded = staleness_figure.load(self.directory / "one.json")
        for histories in ({"one": loaded}, {"one": loaded, "quorum": loaded}):
            figure = staleness_figure.draw(histories)
            self.check(figure)
            for axes in figure.axes:
                self.assertEqual(len(axes.containers), len(histories))
        self.assertEqual([round(y) for y in figure.axes[0].containers[0].lines[0].get_ydata()], [90] * 5)
        self.assertDrawn(self.plot("staleness", self.directory / "one.json", self.directory / "quorum.json"),
                         "one_staleness.png", "one_staleness.svg")
        (self.directory / "none.json").write_text('[{"property": "linearizable"}]', encoding="utf-8")
        self.assertRefused(self.plot("staleness", self.directory / "none.json"), f"{self.directory}/none.json has no curves: "
                           "check a history whose versions are known for fresh_reads")

    def test_timelines(self):
        (self.directory / "timeseries.csv").write_text(SERIES, encoding="utf-8")
        faults = [{"kind": kind, "nodes": [i], "from_s": 1000 * i, "to_s": 100000}
                  for i, kind in enumerate(("crash", "power_loss", "pause", "partition", "lag", "link", "clock"))]
        (self.directory / "faults.json").write_text(json.dumps(faults), encoding="utf-8")
        run = timeline_figure.load(self.directory)
        self.check(timeline_figure.draw(run, ["nodes_up", "resurrected_keys", "disk_bytes", "read_latency_ms"]))
        self.check(timeline_figure.draw(run, ["disk_bytes"]))


class Timelines(Drawing):
    def setUp(self):
        super().setUp()
        (self.directory / "timeseries.csv").write_text(SERIES, encoding="utf-8")
        (self.directory / "faults.json").write_text(json.dumps(FAULTS), encoding="utf-8")

    def test_fault_windows_are_shaded_in_every_panel(self):
        figure = timeline_figure.draw(timeline_figure.load(self.directory), ["nodes_up", "resurrected_keys"])
        lanes, *panels = figure.axes
        self.assertEqual([tick.get_text() for tick in lanes.get_yticklabels()], ["crash n2", "partition 4 nodes"])
        for panel in panels:
            self.assertEqual(panel.get_xlabel() or "virtual time [days]", "virtual time [days]")
            windows = [(patch.get_xy()[0][0], patch.get_xy()[2][0]) for patch in panel.patches]
            # The second never ends: it lasts as long as the series.
            self.assertEqual(windows, [(36000 / 86400, 216000 / 86400), (250000 / 86400, 342000 / 86400)])

    def test_bytes_and_gaps(self):
        figure = timeline_figure.draw(timeline_figure.load(self.directory), ["disk_bytes", "read_latency_ms"])
        _, disk, latency = figure.axes
        self.assertEqual(disk.get_ylabel(), "[MiB]")
        self.assertEqual(list(disk.lines[0].get_ydata())[:3], [0, 5, 10])
        self.assertEqual(sum(value != value for value in latency.lines[0].get_ydata()), 1)

    def test_many_faults_share_the_lanes_of_their_kinds(self):
        faults = [{"kind": "crash", "nodes": [i], "from_s": i, "to_s": i + 1} for i in range(20)]
        (self.directory / "faults.json").write_text(json.dumps(faults), encoding="utf-8")
        figure = timeline_figure.draw(timeline_figure.load(self.directory), ["nodes_up"])
        self.assertEqual([tick.get_text() for tick in figure.axes[0].get_yticklabels()], ["crash"])

    def test_a_series_alone_and_a_run_of_a_sweep_are_drawn(self):
        (self.directory / "faults.json").unlink()
        self.assertDrawn(self.plot("timeline", self.directory / "timeseries.csv", "--metric", "nodes_up"),
                         "timeline.png", "timeline.svg")
        run = timeline_figure.load(self.results(), run=1)
        self.assertEqual(run.about, "storage.gc_grace = 1d, seed 2, fingerprint ab12, 0.1.0 test")
        self.assertEqual(len(run.faults), 2)


class Commands(Drawing):
    def test_every_named_figure_is_written_as_png_and_svg(self):
        for name in FIGURES:
            with self.subTest(name):
                self.assertDrawn(self.plot(name, DATA / f"{name}.json", "-o", self.directory / name),
                                 f"{name}.png", f"{name}.svg")

    def test_the_same_bytes_come_out_again_whatever_the_user_has_set(self):
        (self.directory / "matplotlibrc").write_text("font.size: 20\nsavefig.dpi: 30\naxes.grid: False\n",
                                                     encoding="utf-8")
        drawn = []
        other = {"MATPLOTLIBRC": str(self.directory / "matplotlibrc"), "TZ": "Asia/Tokyo", "PYTHONHASHSEED": "7",
                 "SOURCE_DATE_EPOCH": "1"}
        for out, environment in (("a", {}), ("b", other)):
            done = self.plot_process("quorum", DATA / "quorum.json", "-o", out, **environment)
            self.assertEqual(done.returncode, 0, done.stderr)
            drawn.append([(self.directory / f"{out}{ending}").read_bytes() for ending in (".png", ".svg")])
        self.assertEqual(drawn[0], drawn[1])

    def test_results_are_compared_by_revenant(self):
        program = self.fake_revenant(DATA / "resurrection_by_repair.json")
        done = self.plot("compare", self.results(), "--x", "storage.gc_grace", "--by", "replication.repair", "--metric",
                         "resurrected_keys", "--where", "disk.profile=nvme_enterprise", "--revenant", program)
        self.assertDrawn(done, "results_resurrected_keys.png", "results_resurrected_keys.svg")
        self.assertEqual(self.called(), ["compare", str(self.directory / "results.sqlite"), "--x", "storage.gc_grace",
                                         "--json", "--by", "replication.repair", "--metric", "resurrected_keys",
                                         "--where", "disk.profile=nvme_enterprise"])

    def test_what_revenant_refuses_is_told(self):
        (self.directory / "complaint").write_text("revenant compare: no such path\n", encoding="utf-8")
        program = self.fake_revenant(self.directory / "complaint", exit_code=2)
        done = self.plot("resurrection", self.results(), REVENANT=str(program))
        self.assertRefused(done, "revenant compare: no such path")

    def test_wrong_input_is_told_and_nothing_is_written(self):
        data = DATA / "resurrection.json"
        self.assertRefused(self.plot("resurrection", "absent.sqlite"), "absent.sqlite: no such file")
        self.assertRefused(self.plot("compare", data, "--x", "storage.gc_grace", "--metric", "resurected_keys"),
                           "the metric resurected_keys is not in the results (did you mean resurrected_keys?); they "
                           "have resurrected_keys, keys_at_risk")
        self.assertRefused(self.plot("amplification", data),
                           f"{data} was made with --x storage.gc_grace, not storage.compaction.strategy")
        self.assertRefused(self.plot("resurrection", self.results(), "--revenant", "./absent"),
                           "./absent is not a program")
        for name, content, message in (
                ("broken.json", "{", "is not JSON: Expecting property name enclosed in double quotes: line 1 column 2 "
                                     "(char 1)"),
                ("other.json", "{}", "is not the output of `revenant compare --json`: no 'format'")):
            (self.directory / name).write_text(content, encoding="utf-8")
            self.assertRefused(self.plot("resurrection", name), f"{name} {message}")
        for name, content, message in (
                ("a.csv", "time,x\n0,1\n", "a.csv is not a time series: its first column is not time_s"),
                ("b.csv", "time_s,x\n", "b.csv has no rows"),
                ("c.csv", "time_s,x\n0,one\n", "c.csv: a row is not one figure per column: could not convert string "
                                               "to float: 'one'"),
                ("d.csv", "time_s,live_keys\n0,1\n", "the column x is not in the results; they have live_keys")):
            (self.directory / name).write_text(content, encoding="utf-8")
            self.assertRefused(self.plot("timeline", name, "--metric", "x"), message)
        self.assertEqual([path for path in self.directory.iterdir() if path.suffix in (".png", ".svg")], [])

    def test_a_wrong_command_line_ends_with_2(self):
        for arguments in ((), ("histogram",), ("compare", "x.json"), ("timeline", "run"), ("quorum", "x", "--b", "y")):
            with self.subTest(arguments):
                done = self.plot(*arguments)
                self.assertEqual(done.returncode, 2)
                self.assertIn("usage: plot.py", done.stderr)


if __name__ == "__main__":
    unittest.main()
