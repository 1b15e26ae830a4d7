"""What tests of the plots share: where things are, and results to draw."""

import contextlib
import io
import json
import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path
from unittest import mock

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(__file__).resolve().parent / "data"  # made by tests/sim/experiment/compare_test.cc
sys.path.insert(0, str(ROOT))

from analysis.plots import plot  # noqa: E402

SERIES = "time_s,nodes_up,resurrected_keys,disk_bytes,read_latency_ms\n" + "".join(
    f"{hour * 3600},{4 if 10 <= hour < 60 else 5},{max(0, hour - 80)},{hour * 2**20},{'' if hour == 50 else hour % 7}\n"
    for hour in range(0, 100, 5))
FAULTS = [{"kind": "crash", "nodes": [2], "from_s": 36000, "to_s": 216000, "detail": ""},
          {"kind": "partition", "nodes": [0, 1, 2, 3], "from_s": 250000, "to_s": None, "detail": ""}]


class Drawing(unittest.TestCase):
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory()
        self.addCleanup(self._directory.cleanup)
        self.directory = Path(self._directory.name)

    def plot(self, *arguments, **environment):
        """plot.py with these arguments, in the test's directory."""
        out, err = io.StringIO(), io.StringIO()
        before = os.getcwd()
        os.chdir(self.directory)
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), \
                    mock.patch.dict(os.environ, environment):
                code = plot.main([str(argument) for argument in arguments])
        except SystemExit as end:  # argparse's way
            code = end.code
        finally:
            os.chdir(before)
        return types.SimpleNamespace(returncode=code, stdout=out.getvalue(), stderr=err.getvalue())

    def plot_process(self, *arguments, **environment):
        """plot.py in a process of its own, as a user calls it."""
        return subprocess.run([sys.executable, "-B", ROOT / "analysis/plots/plot.py", *map(str, arguments)],
                              capture_output=True, text=True, check=False, cwd=self.directory,
                              env={**os.environ, "MPLCONFIGDIR": CONFIGURATION.name, **environment})

    def assertDrawn(self, done, *names):
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertEqual(done.stdout.split(), [str(self.directory / name) for name in names])
        for name in names:
            start = (self.directory / name).read_bytes()[:8]
            self.assertTrue(start.startswith(b"\x89PNG" if name.endswith("png") else b"<?xml"), name)

    def assertRefused(self, done, message):
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr, f"plot.py: {message}\n")

    def fake_revenant(self, answer: Path, exit_code=0) -> Path:
        """A program that writes down how it was called and answers with the file's content."""
        program = self.directory / "revenant"
        program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {self.directory}/called\n'
                           f'cat {answer} >&{1 if exit_code == 0 else 2}\nexit {exit_code}\n', encoding="utf-8")
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program

    def called(self):
        return (self.directory / "called").read_text(encoding="utf-8").split("\n")[:-1]

    def results(self, seeds=2) -> Path:
        """A results file as sim/experiment/results_store.h describes it."""
        path = self.directory / "results.sqlite"
        database = sqlite3.connect(path)
        database.executescript("""
            CREATE TABLE experiment (name, question, scenario, build, grid);
            CREATE TABLE setting (point, path, value);
            CREATE TABLE run (run INTEGER PRIMARY KEY, point, seed, status, exit_code, verdict, fingerprint, message,
                              wall_seconds);
            CREATE TABLE metric (run, name, value);
            CREATE TABLE document (run, name, content);
            CREATE VIEW runs AS SELECT run, point, seed, status, exit_code, verdict, fingerprint,
              (SELECT json_extract(value, '$') FROM setting WHERE point = r.point) AS "storage.gc_grace",
              (SELECT value FROM metric WHERE run = r.run AND name = 'keys_at_risk') AS keys_at_risk,
              (SELECT value FROM metric WHERE run = r.run AND name = 'resurrected_keys') AS resurrected_keys,
              (SELECT value FROM metric WHERE run = r.run AND name = 'tombstones_purged') AS tombstones_purged
              FROM run r ORDER BY run;
            INSERT INTO experiment VALUES ('lagging_replica', 'Does the key return?', '{}', '0.1.0 test', '{}');
        """)
        for point, grace in enumerate(("1d", "20d")):
            database.execute("INSERT INTO setting VALUES (?, 'storage.gc_grace', ?)", (point, json.dumps(grace)))
            for seed in range(1, seeds + 1):
                run = point * seeds + seed - 1
                database.execute("INSERT INTO run VALUES (?, ?, ?, 'done', 0, 'passed', 'ab12', NULL, 0.1)",
                                 (run, point, seed))
                for name, value in (("keys_at_risk", 60 + seed), ("resurrected_keys", 60 if point == 0 else 0),
                                    ("tombstones_purged", 100)):
                    database.execute("INSERT INTO metric VALUES (?, ?, ?)", (run, name, value))
                series = SERIES.replace("disk_bytes", "tombstones_live")
                database.execute("INSERT INTO document VALUES (?, 'timeseries.csv', ?)", (run, series))
                database.execute("INSERT INTO document VALUES (?, 'faults.json', ?)", (run, json.dumps(FAULTS)))
        database.commit()
        database.close()
        return path


# Made once: matplotlib writes its list of fonts there.
CONFIGURATION = tempfile.TemporaryDirectory()
