"""Values of settings on an axis."""

import unittest

from fixture import ROOT  # noqa: F401  (makes analysis importable)

from analysis.plots import labels, quantity
from analysis.plots.compare_figure import place


class Quantities(unittest.TestCase):
    def test_values_are_ordered_by_size_and_not_by_text(self):
        self.assertEqual(quantity.in_order(["10d", "1d", "12h", "20d"]), ["12h", "1d", "10d", "20d"])
        self.assertEqual(quantity.in_order(["1MiB", "64KiB", "100B"]), ["100B", "64KiB", "1MiB"])
        self.assertEqual(quantity.in_order([10, 9, 0.5]), [0.5, 9, 10])
        self.assertEqual(quantity.in_order(["1%", "0.5%"]), ["0.5%", "1%"])
        self.assertEqual(quantity.in_order(["6/m", "0.5/s", "1/s"]), ["6/m", "0.5/s", "1/s"])

    def test_categories_keep_the_order_of_the_sweep(self):
        self.assertEqual(quantity.in_order(["size_tiered", "leveled"]), ["size_tiered", "leveled"])
        self.assertEqual(quantity.in_order(["QUORUM", "ONE", 2]), ["QUORUM", "ONE", 2])

    def test_kinds_do_not_mix(self):
        self.assertFalse(quantity.of_one_kind(["1d", "1MiB"]))
        self.assertFalse(quantity.of_one_kind(["off", "1d"]))
        self.assertFalse(quantity.of_one_kind([True, False]))
        self.assertIsNone(quantity.parse("1dd"))
        self.assertIsNone(quantity.parse("d"))
        self.assertEqual(quantity.parse("1.5h"), quantity.Quantity("duration", 5400))

    def test_objects_are_spelled_for_people(self):
        self.assertEqual(quantity.spell({"every": "7d"}), "every 7d")
        self.assertEqual(quantity.spell([0, 2]), "[0, 2]")
        self.assertEqual(quantity.spell(True), "true")


class Places(unittest.TestCase):
    def test_a_narrow_range_is_linear(self):
        self.assertEqual(place([1, 2, 4]), ([1, 2, 4], "linear"))

    def test_a_wide_range_is_logarithmic(self):
        self.assertEqual(place(["1d", "10d", "20d"]), ([86400, 864000, 1728000], "log"))

    def test_neighbours_that_would_run_into_each_other_are_spaced_evenly(self):
        self.assertEqual(place([0, 1, 1000]), ([0, 1, 2], "even"))
        self.assertEqual(place(["1000ms", "1s", "2s"]), ([0, 1, 2], "even"))


class Labels(unittest.TestCase):
    def test_a_unit_comes_from_the_table_the_comparison_or_the_name(self):
        self.assertEqual(labels.label("resurrected_keys").unit, "keys")
        self.assertEqual(labels.label("something_new", "ms").unit, "ms")
        self.assertEqual(labels.label("read_latency_p99_ms"), labels.Label("read latency p99", "ms"))
        self.assertEqual(labels.label("bytes_by_flush", None).unit, "B")
        self.assertEqual(labels.label("compactions", "").unit, "count")

    def test_bytes_are_shown_in_the_unit_that_fits(self):
        self.assertEqual(labels.label("disk_bytes").scale(3 * 2**20), (2**20, "MiB"))
        self.assertEqual(labels.label("disk_bytes").scale(0), (1, "B"))
        self.assertEqual(labels.label("stale_read_rate").scale(0.5), (0.01, "% of reads"))

    def test_names_are_listed_as_people_do(self):
        self.assertEqual(labels.listed(["a"]), "a")
        self.assertEqual(labels.listed(iter(["a", "b", "c"])), "a, b and c")


if __name__ == "__main__":
    unittest.main()
