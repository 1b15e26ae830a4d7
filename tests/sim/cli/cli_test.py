"""The `revenant` command as a user meets it: exit codes, messages, files written and not written, interruption."""

import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
REVENANT = os.environ.get("REVENANT", str(ROOT / "build/release/revenant"))

SCENARIO = """// Is this small?
{
  "name": "tiny",
  "question": "Is this small?",
  "duration": "2s",
  "cluster": { "nodes": 3, "replication_factor": 3 },
  "preload": { "keys": 50 },
  "workload": [ { "name": "w", "rate": "100/s", "mix": { "read": 1, "update": 1 } } ],
  "must_happen": { "operations_ok": { "min": 100 } },
  "sweep": { "replication.read": ["ONE", "QUORUM"], "seed": "1..4" }
}
"""


class CommandLine(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.path = pathlib.Path(self.folder.name)
        self.scenario = self.write("tiny.json", SCENARIO)

    def write(self, name, text):
        (self.path / name).write_text(text)
        return name

    def revenant(self, *arguments):
        return subprocess.run([REVENANT, *arguments], cwd=self.path, capture_output=True, text=True, timeout=120)

    def files(self):
        return sorted(p.name for p in self.path.iterdir())

    # --- run ---

    def test_a_run_that_keeps_its_promises_exits_with_0_and_tells_its_fingerprint(self):
        run = self.revenant("run", self.scenario)
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertRegex(run.stdout, r"fingerprint [0-9a-f]{32}\nverdict +passed")

    def test_two_runs_of_a_seed_print_the_same_json_but_for_the_time_taken(self):
        first, second = (self.revenant("run", self.scenario, "--seed", "7", "--json") for _ in range(2))
        self.assertEqual(first.stdout, second.stdout)
        self.assertNotEqual(json.loads(first.stdout)["fingerprint"],
                            json.loads(self.revenant("run", self.scenario, "--seed", "8", "--json").stdout)["fingerprint"])

    def test_a_broken_expectation_exits_with_1_and_says_how_to_see_it_again(self):
        run = self.revenant("run", self.scenario, "--seed", "3", "--set", 'expect={"operations_ok": {"max": 1}}')
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertIn("reproduce   revenant run tiny.json --seed 3 --set", run.stdout)
        self.assertNotIn("--html", run.stdout, "no check was violated")

    def test_a_vacuous_run_exits_with_3(self):
        run = self.revenant("run", self.scenario, "--set", 'must_happen={"crashes": {"min": 1}}')
        self.assertEqual(run.returncode, 3, run.stderr)

    def test_check_of_a_run_directory_tells_replicas_faults_and_commands_that_show_the_moment(self):
        scenario = str(ROOT / "scenarios/resurrection/r05_late_hint.json")
        self.revenant("run", scenario, "--set", 'defects=["hints_outlive_grace"]', "--out", "out", "--history")
        check = self.revenant("check", "out", "--json")
        self.assertEqual(check.returncode, 1, check.stderr)
        verdicts = {verdict["property"]: verdict for verdict in json.loads(check.stdout)}
        violation = verdicts["no_resurrection"]["violations"][0]
        self.assertRegex(violation["told"], r"n2 held the value of #\d+, which a hint brought at .*cut n0 <-> n2")
        read = violation["operations"][-1]
        stop, trace = (shlex.split(replay["command"]) for replay in violation["replay"])
        self.assertEqual(stop[:4], ["gdb", "-ex", "run", "--args"])
        stopped = self.revenant(*stop[5:])
        self.assertEqual(stopped.returncode, -signal.SIGTRAP, "without a debugger it ends there")
        self.assertEqual(self.revenant(*trace[1:]).returncode, 1)
        events = json.loads((self.path / "moment.json").read_text())["traceEvents"]
        self.assertIn(read["invoked"] // 1000, [int(event["ts"]) for event in events if event.get("cat") == "operation"])
        # A run that this build cannot repeat is told without its replicas.
        run = json.loads((self.path / "out/run.json").read_text())
        (self.path / "out/run.json").write_text(json.dumps(run | {"fingerprint": "0" * 32}))
        check = self.revenant("check", "out", "--property", "fresh_reads")
        self.assertEqual(check.returncode, 1)
        self.assertIn("What replicas held is not known", check.stderr)
        self.assertNotIn("held the value", check.stdout)
        # And one that is no run's, or is damaged, is refused.
        for damaged in ({}, [], run | {"findings": [{"kind": "check"}]}, run | {"violations": [{}]}, run | {"seed": "x"},
                        run | {"resurrections": 3}, run | {"scenario": {"name": 7}}):
            (self.path / "out/run.json").write_text(json.dumps(damaged))
            check = self.revenant("check", "out")
            self.assertEqual(check.returncode, 2, damaged)
            self.assertIn("out/run.json: ", check.stderr)
        (self.path / "out/run.json").unlink()
        check = self.revenant("check", "out")
        self.assertEqual(check.returncode, 2)
        self.assertIn("run.json", check.stderr)

    def test_a_run_directory_holds_the_whole_run(self):
        run = self.revenant("run", self.scenario, "--out", "out", "--history")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(sorted(p.name for p in (self.path / "out").iterdir()),
                         ["checkpoints.json", "faults.json", "history.jsonl", "run.json", "timeseries.csv"])
        whole = json.loads((self.path / "out/run.json").read_text())
        lines = map(json.loads, (self.path / "out/history.jsonl").read_text().splitlines())
        operations = [line for line in lines if line["kind"] != "preload"]
        self.assertEqual(len(operations), whole["metrics"]["operations_ok"])
        resolved = self.write("resolved.json", json.dumps(whole["scenario"]))
        again = json.loads(self.revenant("run", resolved, "--json").stdout)
        self.assertEqual(again["fingerprint"], whole["fingerprint"], "the resolved scenario is the same scenario")

    def test_a_recorded_history_is_checked(self):
        self.revenant("run", self.scenario, "--out", "out", "--history")
        whole = self.revenant("check", "out/history.jsonl")
        self.assertEqual(whole.returncode, 0, whole.stdout + whole.stderr)
        self.assertRegex(whole.stdout, r"linearizable +holds")
        stale = self.write("stale.edn", """
            {:process 0 :type :invoke :f :write :value 1} {:process 0 :type :ok :f :write :value 1}
            {:process 0 :type :invoke :f :write :value 2} {:process 0 :type :ok :f :write :value 2}
            {:process 1 :type :invoke :f :read :value nil} {:process 1 :type :ok :f :read :value 1}""")
        wrong = self.revenant("check", stale, "--property", "linearizable", "--json")
        self.assertEqual(wrong.returncode, 1, wrong.stderr)
        violation = json.loads(wrong.stdout)[0]["violations"][0]
        self.assertTrue(violation["verified"])
        self.assertEqual([o["operation"] for o in violation["operations"]],
                         ["put(register, 2)", "get(register) = 1"])
        behind = self.write("behind.jsonl", "".join(
            json.dumps({"workload": "w", "session": 0, "kind": kind, "key": "k", "invoked_ns": at, "completed_ns": at + 1,
                        "outcome": "ok", "found": True, "write": write, "version": write}) + "\n"
            for kind, at, write in (("update", 1, 1), ("update", 3, 2), ("read", 5, 1))))
        for name, verified in (("read_your_writes", True), ("fresh_reads", False)):
            violations = json.loads(self.revenant("check", behind, "--property", name, "--json").stdout)[0]["violations"]
            self.assertEqual([v["verified"] for v in violations], [verified], "no certificate, no claim")
        self.assertEqual(self.revenant("check", stale, "--property", "writes_follow_reads").returncode, 3, "vacuous")
        skew = self.write("skew.edn", """
            {:process 0 :type :invoke :f :txn :value [[:append :x 1] [:r :y nil]]}
            {:process 1 :type :invoke :f :txn :value [[:append :y 1] [:r :x nil]]}
            {:process 0 :type :ok :f :txn :value [[:append :x 1] [:r :y nil]]}
            {:process 1 :type :ok :f :txn :value [[:append :y 1] [:r :x nil]]}
            {:process 2 :type :invoke :f :txn :value [[:r :x nil] [:r :y nil]]}
            {:process 2 :type :ok :f :txn :value [[:r :x [1]] [:r :y [1]]]}""")
        self.assertEqual(self.revenant("check", skew, "--property", "snapshot_isolation").returncode, 0)
        both = self.revenant("check", skew, stale, "--property", "no_thin_air")
        self.assertEqual(both.returncode, 0, both.stdout + both.stderr)
        self.assertEqual(both.stdout.count("no_thin_air"), 2)
        bank = self.write("bank.edn", """
            {:process 0 :type :ok :f :read :value {1 10 2 0}} {:process 0 :type :ok :f :read :value {1 11 2 -1}}""")
        self.assertEqual(self.revenant("check", bank, "--property", "constant_sum").returncode, 1)
        self.assertEqual(self.revenant("check", bank, "--property", "constant_sum", "--negative-balances").returncode, 0)
        self.assertEqual(self.revenant("check", bank, stale, "--property", "constant_sum", "--total", "12").returncode, 1)
        other = self.write("other.edn", "{:process 0 :type :ok :f :txn :value [[:r x 3]]}")
        self.assertEqual(self.revenant("check", other, "--property", "serializable").returncode, 1)
        self.assertEqual(self.revenant("check", other, "--property", "serializable", "--unwritten", "unknown").returncode, 3)
        (self.path / "hist-00000").mkdir()
        (self.path / "hist-00000/history.bincode").write_bytes(bytes(9 * 8))
        self.assertEqual(self.revenant("check", "hist-00000").returncode, 3, "nothing was done")
        (self.path / "hist-00000/history.bincode").write_bytes(bytes(70))
        damaged = self.revenant("check", "hist-00000")
        self.assertEqual(damaged.returncode, 2)
        self.assertIn("byte 64: expected the number of sessions, 8 bytes, but 6 are left", damaged.stderr)
        serial = self.revenant("check", skew, "--property", "serializable")
        self.assertEqual(serial.returncode, 1, serial.stderr)
        self.assertIn("G2-item: #2 read nil of y", serial.stdout)
        for broken in (self.write("broken.edn", "{:process 0"), "no_such_file"):
            self.assertEqual(self.revenant("check", broken).returncode, 2)
        unknown = self.revenant("check", stale, "--property", "linearisable")
        self.assertEqual(unknown.returncode, 2)
        self.assertIn('did you mean "linearizable"', unknown.stderr)

    def test_a_run_and_its_history_are_judged_alike(self):
        run = self.revenant("run", str(ROOT / "scenarios/pitfalls/partial_write.json"), "--json", "--out", "out", "--history")
        whole = json.loads(run.stdout)
        for name in ("linearizable", "monotonic_reads"):
            verdict = json.loads(self.revenant("check", "out/history.jsonl", "--property", name, "--json").stdout)[0]
            self.assertGreater(len(verdict["violations"]), 0)
            self.assertEqual(len(verdict["violations"]), whole["metrics"][f"{name}_violations"])
            first = next(v for v in whole["violations"] if v["check"] == name)
            self.assertIn(f"#{verdict['violations'][0]['operations'][0]['line']} session", first["story"])

    def test_scans_are_reads_of_versions_to_the_checks_of_sessions(self):
        names = ["read_your_writes", "monotonic_reads", "monotonic_writes", "writes_follow_reads"]
        mix = '{"scan": 1, "update": 2, "delete": 0.5, "read": 1}'
        run = self.revenant("run", self.scenario, "--json", "--out", "out", "--history", "--set", f"workload[0].mix={mix}",
                            "--set", f"checks={json.dumps(names)}")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        for verdict in json.loads(self.revenant("check", "out/history.jsonl", "--json").stdout):
            if verdict["property"] in names:
                self.assertEqual(verdict["outcome"], "holds", verdict)

    def test_watching_does_not_change_a_run(self):
        plain = json.loads(self.revenant("run", self.scenario, "--json").stdout)
        watched = json.loads(self.revenant("run", self.scenario, "--json", "--out", "o", "--history").stdout)
        self.assertEqual(plain["fingerprint"], watched["fingerprint"])

    def test_a_trace_changes_nothing_and_shows_machines_clients_messages_and_faults(self):
        crash = ("run", self.scenario, "--json", "--set", 'faults=[{"at": "1s", "for": "200ms", "crash": {"node": 1}}]')
        plain = json.loads(self.revenant(*crash).stdout)
        traced = json.loads(self.revenant(*crash, "--trace", "t.json").stdout)
        self.assertEqual(plain["fingerprint"], traced["fingerprint"])
        events = json.loads((self.path / "t.json").read_text())["traceEvents"]
        names = {e["args"]["name"] for e in events if e["ph"] == "M" and e["name"] == "process_name"}
        self.assertLessEqual({"n0", "n1", "n2", "clients", "faults"}, names)
        def of(category, phase):
            return [e for e in events if e.get("cat") == category and e["ph"] == phase]
        self.assertEqual(len(of("operation", "b")), len(of("operation", "e")))
        self.assertGreater(len(of("operation", "b")), 100)
        [crash_begins], [crash_ends] = of("fault", "b"), of("fault", "e")
        self.assertEqual((crash_begins["ts"], crash_ends["ts"]), (1e6, 1.2e6))
        sent = {e["id"]: e for e in of("message", "s")}
        arrived = of("message", "f")
        self.assertGreater(len(arrived), 300)
        for e in arrived:
            self.assertGreaterEqual(e["ts"], sent[e["id"]]["ts"])
        began = {e["id"] for e in of("task", "b")}
        self.assertLessEqual({e["id"] for e in of("task", "e")}, began)
        # The process that is killed ends its tasks at that moment.
        self.assertTrue(any(e["ts"] == 1e6 for e in of("task", "e")))

    def test_verify_runs_again_and_finds_a_run_equal(self):
        run = self.revenant("run", self.scenario, "--verify")
        self.assertEqual((run.returncode, run.stderr), (0, ""))
        self.assertIn("three runs, one fingerprint", run.stdout)

    def test_a_log_has_a_line_for_each_change_of_state_and_changes_nothing(self):
        crash = ("run", self.scenario, "--json", "--set", 'faults=[{"at": "1s", "for": "200ms", "crash": {"node": 1}}]')
        logged = self.revenant(*crash, "--log")
        self.assertEqual(logged.stdout, self.revenant(*crash).stdout)
        lines = [line.split(maxsplit=3) for line in logged.stderr.splitlines()]
        self.assertIn(["00:00:01.000", "n1", "fault", "crash begins (process killed)"], lines)
        self.assertIn(["00:00:01.000", "n1", "machine", "is killed"], lines)
        self.assertIn("serves", [line[3] for line in lines if line[0] >= "00:00:01.200" and line[1:3] == ["n1", "machine"]])
        self.assertEqual([line[0] for line in lines], sorted(line[0] for line in lines))

    def test_a_debugger_is_stopped_where_it_was_asked_to(self):
        for at in ("500ms", "1000"):
            self.assertEqual(self.revenant("run", self.scenario, "--break-at", at).returncode, -signal.SIGTRAP)
        self.assertEqual(self.revenant("run", self.scenario, "--break-at", "3s").returncode, 0, "after the end")
        self.assertEqual(self.revenant("run", self.scenario, "--break-at", "soon").returncode, 2)

    # --- explain ---

    def test_a_key_that_came_back_has_its_story_told(self):
        scenario = str(ROOT / "scenarios/lagging_replica.json")
        story = self.revenant("explain", scenario, "--seed", "7")
        self.assertEqual(story.returncode, 0, story.stderr)
        self.assertIn(json.loads(self.revenant("run", scenario, "--seed", "7", "--json").stdout)["fingerprint"], story.stdout)
        at = 0
        for step in (r"v1 +put, write \d+, preloaded", r"n2 +fault begins: crash", r"n\d +takes v2 \(delete\) from the coordinator",
                     r"delete v2 is acknowledged", r"n\d +flushes v\d \(delete\) into \d+.sst",
                     r"n\d +moves v\d \(delete\).*not purged: kept_by_grace; \d+ times more", r"n\d +PURGES v\d \(delete\)",
                     r"reads v1; replicas asked: ", r"check +it came BACK", r"at the end +n2 +holds v1 \(put\)"):
            found = re.search(step, story.stdout[at:])
            self.assertIsNotNone(found, f"{step} not after {at} in\n{story.stdout}")
            at += found.start()

    def test_any_key_can_be_asked_for_and_none_may_be_wrong(self):
        self.assertIn("no key came back", self.revenant("explain", self.scenario).stdout)
        story = self.revenant("explain", self.scenario, "--key", "7")
        self.assertIn("key0000000000007 was on n0, n1, n2", story.stdout)
        self.assertEqual(self.revenant("explain", self.scenario, "--key", "kay7").returncode, 2)

    # --- diff ---

    def record(self, name, *arguments):
        run = self.revenant("run", self.scenario, "--out", name, *arguments)
        self.assertEqual(run.returncode, 0, run.stderr)

    def test_equal_runs_are_equal_and_others_are_told_apart_by_what_went_in(self):
        self.record("a")
        self.record("b")
        self.record("c", "--seed", "2", "--set", "replication.read=ONE")
        equal = self.revenant("diff", "a", "b")
        self.assertEqual((equal.returncode, equal.stdout.splitlines()[-1]), (0, "the same, event by event"))
        different = self.revenant("diff", "a", "c")
        self.assertEqual(different.returncode, 1)
        self.assertIn("seed: 1 and 2", different.stdout)
        self.assertIn('scenario/replication/read: "QUORUM" and "ONE"', different.stdout)

    def test_the_first_event_in_which_two_builds_differ_is_shown(self):
        self.record("a", "--set", "duration=8s")
        self.record("b", "--set", "duration=8s")
        # A build that does something else in event 6000.
        other = self.path / "other"
        other.write_text(f"""#!/bin/sh
"{REVENANT}" "$@" || exit
while [ "$1" != --events ]; do shift; done
sed -i '/"event":6000,/s/"node":[0-9]*/"node":77/' "$2"
""")
        other.chmod(0o755)
        for file in ("run.json", "checkpoints.json"):
            path = self.path / "b" / file
            recorded = json.loads(path.read_text())
            if file == "run.json":
                recorded["fingerprint"] = "0" * 32
            else:
                self.assertEqual(recorded["interval"], 4096)
                recorded["fingerprints"][1:] = ["0" * 32] * len(recorded["fingerprints"][1:])
            path.write_text(json.dumps(recorded))
        differs = self.revenant("diff", "a", "b", "--build-b", str(other))
        self.assertEqual(differs.returncode, 1, differs.stderr)
        self.assertIn("between event 4096 and event 8192", differs.stdout)
        a, b = [json.loads(line.split(maxsplit=1)[1]) for line in differs.stdout.splitlines()[-2:]]
        self.assertEqual((a["event"], b["event"], b["node"]), (6000, 6000, 77))
        same = self.revenant("diff", "a", "b")
        self.assertEqual(same.returncode, 1)
        self.assertIn("run again they do not", same.stdout)

    def test_diff_refuses_what_is_no_recorded_run(self):
        self.record("a")
        self.assertIn("none/run.json", self.revenant("diff", "a", "none").stderr)
        (self.path / "a/checkpoints.json").write_text("{}")
        broken = self.revenant("diff", "a", "a")
        self.assertEqual(broken.returncode, 2)
        self.assertIn("a/checkpoints.json: not a run's checkpoints", broken.stderr)

    def test_a_trace_has_the_stretch_of_time_and_the_size_that_were_asked_for(self):
        self.revenant("run", self.scenario, "--trace", "t.json", "--trace-from", "500ms", "--trace-to", "600ms")
        began = [e["ts"] for e in json.loads((self.path / "t.json").read_text())["traceEvents"]
                 if e["ph"] == "b" and e["cat"] == "operation"]
        self.assertTrue(began and all(0.5e6 <= ts <= 0.6e6 for ts in began), began)
        run = self.revenant("run", self.scenario, "--trace", "small.json", "--trace-size", "20KiB")
        self.assertIn("small.json ends early, at 20KiB", run.stderr)
        self.assertLess((self.path / "small.json").stat().st_size, 21 * 1024)
        json.loads((self.path / "small.json").read_text())
        for wrong in (["--trace-from", "1s"], ["--trace", "t.json", "--trace-size", "much"], ["--trace", "no/t.json"]):
            refused = self.revenant("run", self.scenario, *wrong)
            self.assertEqual(refused.returncode, 2, refused.stderr)

    # --- what is wrong, and where ---

    def assert_refused(self, text, *words):
        before = self.files()
        name = "broken.json"
        (self.path / name).write_text(text)
        for command in ("run", "sweep"):
            result = self.revenant(command, name, "--out", "never")
            self.assertEqual(result.returncode, 2, result.stdout + result.stderr)
            for word in (name, *words):
                self.assertIn(word, result.stderr)
            self.assertEqual(result.stdout, "")
        self.assertEqual(self.files(), sorted([*before, name]), "nothing is written")
        (self.path / name).unlink()

    def test_broken_scenarios_are_refused_with_line_path_and_nearest_name(self):
        self.assert_refused(SCENARIO.replace('"nodes": 3', '"nodse": 3'), ":6:", "cluster.nodse", '"nodes"')
        self.assert_refused(SCENARIO.replace('"2s"', '"2 parsecs"'), ":5:", "duration")
        self.assert_refused(SCENARIO.replace('"keys": 50', '"keys": -1'), ":7:", "preload.keys")
        self.assert_refused(SCENARIO.replace('"name": "tiny",', '"name": "tiny"'), ":4:")
        self.assert_refused(SCENARIO.replace('"duration": "2s",', '"duration": "2s", "faults": [ { "at": "1s", "crash": { "node": 7 } } ],'),
                            ":5:", "faults[0].crash.node", "7")
        self.assert_refused(SCENARIO.replace("operations_ok", "operation_ok"), ":9:", "operations_ok")

    def test_a_missing_file_and_an_unknown_option_exit_with_2(self):
        missing = self.revenant("run", "absent.json")
        self.assertEqual(missing.returncode, 2)
        self.assertIn("absent.json", missing.stderr)
        self.assertIn('did you mean "tiny.json"', self.revenant("run", "tny.json").stderr)
        option = self.revenant("run", self.scenario, "--sede", "3")
        self.assertEqual(option.returncode, 2)
        self.assertIn("--seed", option.stderr)
        command = self.revenant("rum", self.scenario)
        self.assertEqual(command.returncode, 2)
        self.assertIn('"run"', command.stderr)
        self.assertEqual(self.revenant("run").returncode, 2)
        self.assertEqual(self.revenant("run", self.scenario, "--set", "storage.gcgrace=1d").returncode, 2)

    def test_help_is_for_every_command(self):
        for command in ("run", "sweep", "explain", "diff", "compare", "list", "describe", "schema", "bench"):
            result = self.revenant(command, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn(f"usage: revenant {command}", result.stdout)

    # --- bench ---

    @unittest.skipUnless(all((pathlib.Path(REVENANT).parent / f"bench_{store}").exists() for store in ("leveldb", "rocksdb")),
                         "LevelDB or RocksDB is not installed")
    def test_bench_engine_runs_the_same_workloads_on_three_stores(self):
        bench = self.revenant("bench", "engine", "--num", "2000", "--rounds", "1", "--json")
        self.assertEqual(bench.returncode, 0, bench.stderr)
        report = json.loads(bench.stdout)
        for row in report["rows"]:
            for store in {"LevelDB", "RocksDB", "Revenant"} & row.keys():
                self.assertGreater(row[store]["operations_per_second"], 0, row)
        self.assertGreater(report["median_ratio"], 0)
        self.assertEqual(self.files(), ["results", self.scenario])
        self.assertFalse((self.path / "results" / "bench").exists())

    def test_bench_engine_names_the_package_that_a_store_needs(self):
        alone = shutil.copy(REVENANT, self.path)
        bench = subprocess.run([alone, "bench", "engine"], cwd=self.path, capture_output=True, text=True, timeout=120)
        self.assertEqual(bench.returncode, 2)
        self.assertIn("libleveldb-dev", bench.stderr)

    # --- sweep ---

    def rows(self, name):
        with sqlite3.connect(f"file:{self.path / name}?mode=ro", uri=True) as db:
            return (db.execute("SELECT run, point, seed, status, exit_code, verdict, fingerprint FROM run ORDER BY run").fetchall(),
                    db.execute("SELECT run, name, value FROM metric ORDER BY run, name").fetchall())

    def test_a_sweep_is_the_same_whatever_the_number_of_workers(self):
        self.assertEqual(self.revenant("sweep", self.scenario, "--out", "a.sqlite", "-j", "1").returncode, 0)
        self.assertEqual(self.revenant("sweep", self.scenario, "--out", "b.sqlite", "-j", "3").returncode, 0)
        self.assertEqual(self.rows("a.sqlite"), self.rows("b.sqlite"))
        self.assertEqual(len(self.rows("a.sqlite")[0]), 8)

    def test_an_existing_results_file_is_not_overwritten(self):
        self.revenant("sweep", self.scenario, "--out", "a.sqlite", "--seeds", "1")
        before = (self.path / "a.sqlite").read_bytes()
        again = self.revenant("sweep", self.scenario, "--out", "a.sqlite", "--seeds", "1")
        self.assertEqual(again.returncode, 2)
        self.assertIn("--resume", again.stderr)
        self.assertEqual((self.path / "a.sqlite").read_bytes(), before)

    def interrupt(self, kill):
        long = self.write("long.json", SCENARIO.replace('"2s"', '"60s"').replace('"1..4"', '"1..12"'))
        whole = self.revenant("sweep", long, "--out", "whole.sqlite", "-j", "2")
        self.assertEqual(whole.returncode, 0, whole.stderr)
        sweep = subprocess.Popen([REVENANT, "sweep", long, "--out", "cut.sqlite", "-j", "2"], cwd=self.path,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        deadline = time.monotonic() + 60
        done = 0
        while done < 2 and time.monotonic() < deadline and sweep.poll() is None:
            time.sleep(0.005)
            try:
                done = len(self.rows("cut.sqlite")[0])
            except sqlite3.Error:
                pass
        kill(sweep)
        sweep.communicate(timeout=60)
        finished = self.rows("cut.sqlite")[0]
        self.assertGreaterEqual(len(finished), 2, "finished runs survive")
        resumed = self.revenant("sweep", long, "--out", "cut.sqlite", "-j", "2", "--resume")
        self.assertEqual(resumed.returncode, 0, resumed.stderr)
        self.assertEqual(self.rows("cut.sqlite"), self.rows("whole.sqlite"))
        return sweep.returncode

    def test_ctrl_c_loses_no_finished_run_and_resume_completes_the_sweep(self):
        self.assertIn(self.interrupt(lambda sweep: sweep.send_signal(signal.SIGINT)), (130, 0))

    def test_kill_9_loses_no_finished_run_and_resume_completes_the_sweep(self):
        self.interrupt(lambda sweep: sweep.kill())

    # --- inspect ---

    def stored(self, kind, name, to):
        """A file of the fuzzers' corpus, without the byte in front that is theirs, as `to`."""
        data = bytearray((ROOT / "tests/fuzz/corpus" / kind / name).read_bytes()[1:])
        (self.path / to).parent.mkdir(exist_ok=True)
        (self.path / to).write_bytes(data)
        return data

    def inspect(self, kind, path):
        text, machine = self.revenant("inspect", kind, path), self.revenant("inspect", kind, path, "--json")
        self.assertEqual(text.returncode, machine.returncode)
        self.assertTrue(text.stdout.startswith(f"{kind} {path}: "), text.stdout)
        return text, json.loads(machine.stdout)

    def inspect_whole_and_with_a_flipped_bit(self, kind, name, offset, damaged_at):
        data = self.stored(kind, name, "file")
        whole, report = self.inspect(kind, "file")
        self.assertEqual((whole.returncode, report["whole"]), (0, True), whole.stdout)
        data[offset] ^= 1
        (self.path / "file").write_bytes(data)
        damaged, report = self.inspect(kind, "file")
        self.assertEqual((damaged.returncode, report["whole"]), (1, False), damaged.stdout)
        self.assertIn(f"file: offset {damaged_at}: ", damaged.stdout)
        self.assertEqual((self.path / "file").read_bytes(), bytes(data), "inspect changes nothing")
        return whole.stdout, damaged.stdout

    def test_inspect_wal_shows_its_entries_and_those_behind_damage(self):
        whole, damaged = self.inspect_whole_and_with_a_flipped_bit("wal", "three_records_as_it_is", 20, 16)
        self.assertEqual((whole.count(" gone "), damaged.count(" gone ")), (3, 2))

    def test_inspect_manifest_shows_its_edits_and_names_the_damaged_one(self):
        whole, damaged = self.inspect_whole_and_with_a_flipped_bit("manifest", "three_edits_as_it_is", 20, 16)
        self.assertIn("000007@L1", whole)
        self.assertNotEqual(whole, damaged)

    def test_inspect_sstable_shows_its_blocks_without_a_footer_too(self):
        size = (ROOT / "tests/fuzz/corpus/sstable/larger_as_it_is").stat().st_size - 1
        whole, damaged = self.inspect_whole_and_with_a_flipped_bit("sstable", "larger_as_it_is", size - 1, size - 64)
        blocks = whole[whole.index("\nblocks"):].strip()
        self.assertIn(blocks, damaged)
        self.assertIn("found by a scan", damaged)

    def test_inspect_lsm_holds_the_files_of_a_directory_against_its_manifest(self):
        self.stored("manifest", "three_edits_as_it_is", "db/MANIFEST-000001")
        (self.path / "db/CURRENT").write_text("MANIFEST-000001")
        missing, report = self.inspect("lsm", "db")
        self.assertEqual((missing.returncode, report["whole"]), (1, False))
        self.assertIn("db/000007.sst: offset 0: missing", missing.stdout)
        self.stored("sstable", "small_as_it_is", "db/000007.sst")
        self.stored("sstable", "larger_as_it_is", "db/000008.sst")
        there, report = self.inspect("lsm", "db")
        self.assertNotIn("missing", there.stdout)
        self.assertRegex(there.stdout, r"000008\.sst +orphan")

    def test_inspect_of_what_cannot_be_read_exits_with_2(self):
        for arguments, words in ((("wal", "nothing"), "nothing: cannot be read"), (("wall", "x"), "wal"),
                                 (("lsm", "nothing"), "nothing: No such file")):
            run = self.revenant("inspect", *arguments)
            self.assertEqual(run.returncode, 2)
            self.assertIn(words, run.stderr)
    # --- hunt, replay, shrink ---

    DEFECT = ("--set", 'defects=["read_quorum_too_small"]', "--set", 'checks=["no_stale_reads"]',
              "--set", 'faults=[{"at": "200ms", "for": "1s", "isolate": {"node": 1}}]',
              "--set", "replication.read_repair=off", "--set", "preload.keys=5")

    def hunt(self, *arguments):
        return self.revenant("hunt", self.scenario, "--seeds", "1..8", "--out", "h", *self.DEFECT, *arguments)

    def test_a_hunt_without_failures_exits_with_0(self):
        run = self.revenant("hunt", self.scenario, "--seeds", "1..6", "--out", "h")
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertIn("6 passed, 0 failed, 0 vacuous", run.stdout)
        self.assertEqual([p.name for p in (self.path / "h").iterdir()], ["hunt.json"])

    def test_a_failure_is_hunted_replayed_and_made_small(self):
        run = self.hunt()
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("no_stale_reads: an older value", run.stdout)
        [replay] = [line.split() for line in run.stdout.splitlines() if line.startswith("  revenant replay")]
        again = self.revenant(*replay[1:])
        self.assertEqual(again.returncode, 1, again.stdout + again.stderr)
        self.assertIn("same build, same fingerprint", again.stdout)
        traced = self.revenant(*replay[1:], "--trace", "t.json")
        self.assertIn("same build, same fingerprint", traced.stdout)
        self.assertGreater(len(json.loads((self.path / "t.json").read_text())["traceEvents"]), 100)

        story = self.revenant("explain", replay[2])
        self.assertEqual(story.returncode, 0, story.stderr)
        self.assertIn("check      no_stale_reads: ", story.stdout)
        self.assertEqual(self.revenant("explain", replay[2], "--seed", "3").returncode, 2, "it has its own seed")

        shrunk = self.revenant("shrink", replay[2], "-o", "small.json", "--runs", "60")
        self.assertEqual(shrunk.returncode, 0, shrunk.stdout + shrunk.stderr)
        small = self.revenant("run", "small.json")
        self.assertEqual(small.returncode, 1, small.stdout + small.stderr)
        self.assertIn("FAIL check        no_stale_reads", small.stdout)
        self.assertIn("What happens", (self.path / "small.json").read_text())

    def test_a_failure_of_another_build_runs_its_operations(self):
        self.hunt("--max-failures", "1")
        [file] = [p for p in (self.path / "h").glob("no_stale_reads*.json")]
        failure = json.loads(file.read_text())
        failure["build"] = "revenant 0.0 of old"
        file.write_text(json.dumps(failure))
        run = self.revenant("replay", str(file))
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        self.assertIn("operations on another build", run.stdout)
        self.assertIn("signature   recurs", run.stdout)

    def test_a_failure_replayed_leaves_a_page_and_stops_where_the_page_says(self):
        self.hunt("--max-failures", "1")
        [file] = [p for p in (self.path / "h").glob("no_stale_reads*.json")]
        shown = re.search(r"^draw +revenant (.*)$", self.revenant("replay", str(file)).stdout, re.MULTILINE)[1]
        run = self.revenant(*shlex.split(shown))
        self.assertEqual(run.returncode, 1, run.stdout + run.stderr)
        page = (self.path / "page.html").read_text()
        data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1])
        self.assertIn("no_stale_reads", [violation["property"] for violation in data["violations"]])
        self.assertTrue(data["record"]["holdings"], data["record"]["missing"])
        stop = shlex.split(data["violations"][0]["replays"][0]["command"])
        self.assertEqual(stop[5:7], ["replay", str(file)])
        self.assertEqual(self.revenant(*stop[5:]).returncode, -signal.SIGTRAP)

    def test_damaged_and_foreign_failure_files_are_refused(self):
        for text in ("", "{", "[]", "{}", '{"format": "revenant failure 77"}', "\x00\x01"):
            (self.path / "f.json").write_text(text)
            for command in ("replay", "shrink"):
                run = self.revenant(command, "f.json")
                self.assertEqual(run.returncode, 2, run.stdout + run.stderr)
                self.assertIn("f.json", run.stderr)
        self.assertEqual(self.revenant("replay", "absent.json").returncode, 2)

    def test_what_a_hunt_finds_does_not_depend_on_the_number_of_workers(self):
        one = self.hunt("-j", "1")
        found = {p.name: p.read_bytes() for p in (self.path / "h").iterdir()}
        shutil.rmtree(self.path / "h")
        many = self.hunt("-j", "4")
        self.assertEqual(one.stdout, many.stdout)
        self.assertEqual(found, {p.name: p.read_bytes() for p in (self.path / "h").iterdir()})

    def test_a_hunt_goes_on_where_it_was_interrupted(self):
        whole = self.hunt().stdout
        shutil.rmtree(self.path / "h")
        command = [REVENANT, "hunt", self.scenario, "--seeds", "1..8", "--out", "h", "-j", "1", *self.DEFECT]
        hunt = subprocess.Popen(command, cwd=self.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        deadline = time.time() + 60
        while not (self.path / "h/hunt.json").exists() and time.time() < deadline:
            time.sleep(0.01)
        hunt.send_signal(signal.SIGINT)
        hunt.communicate(timeout=60)
        self.assertIn(hunt.returncode, (130, 1, 0))
        again = self.hunt()
        self.assertEqual(again.returncode, 2)
        self.assertIn("--resume", again.stderr)
        self.assertEqual(self.hunt("--resume").stdout, whole)
        other = self.hunt("--resume", "--set", "duration=1s")
        self.assertEqual(other.returncode, 2, other.stdout + other.stderr)

    def test_mutants_tells_which_defects_are_caught(self):
        run = self.revenant("mutants", self.scenario, "--seeds", "6", "--catches", "2",
                            "--defect", "read_quorum_too_small", *self.DEFECT[2:])
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertRegex(run.stdout, r"read_quorum_too_small +yes +no_stale_reads")

    # --- looking ---

    ENTRY = """{
  "name": "entry", "duration": "2s", "cluster": { "nodes": 3, "replication_factor": 3 },
  "atlas": { "mechanism": "R0", "title": "nothing happens", "guard": "none is needed", "returns_by": "late_hint",
             "without_guard": ["storage.gc_grace=1s"], "cost": ["tombstones_live"] },
  "preload": { "keys": 50 },
  "workload": [ { "name": "w", "rate": "100/s", "mix": { "read": 1, "delete": 1 } } ]
}
"""

    def test_an_atlas_entry_that_shows_nothing_does_not_hold(self):
        entry = self.write("entry.json", self.ENTRY)
        run = self.revenant("atlas", entry, "--seeds", "1..3")
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertRegex(run.stdout, r"R0 +nothing happens +0 of 3 +0 of 3")
        self.assertIn("R0 does not hold without its guard, with 3 of 3 seeds:", run.stdout)
        self.assertIn("entry.json --seed 1 --set storage.gc_grace=1s", run.stdout)
        self.assertNotIn("with its guard", run.stdout)

    def test_atlas_refuses_what_is_no_entry(self):
        wrong = {
            SCENARIO: 'no block "atlas"',
            self.ENTRY.replace("tombstones_live", "tombstone_live"):
                'atlas.cost[0]: unknown metric "tombstone_live" (did you mean "tombstones_live"?)',
            self.ENTRY.replace("storage.gc_grace", "storage.gc_grave"): "gc_grave",
            self.ENTRY.replace('["storage.gc_grace=1s"]', "[]"): "atlas.without_guard: missing",
        }
        for text, message in wrong.items():
            run = self.revenant("atlas", self.write("wrong.json", text))
            self.assertEqual(run.returncode, 2)
            self.assertIn(message, run.stderr)

    def test_list_describe_and_schema_tell_what_there_is(self):
        self.assertIn("quickstart", self.revenant("list", "--dir", str(ROOT / "scenarios")).stdout)
        self.assertIn("resurrected_keys", self.revenant("list", "metrics").stdout)
        self.assertIn("convergence", self.revenant("list", "checks").stdout)
        self.assertIn("Is this small?", self.revenant("describe", self.scenario).stdout)
        self.assertIn("storage.gc_grace", self.revenant("describe").stdout)
        self.assertIn("properties", json.loads(self.revenant("schema").stdout))

    def test_the_committed_schema_is_the_programs(self):
        self.assertEqual(json.loads((ROOT / "scenarios/schema.json").read_text()),
                         json.loads(self.revenant("schema").stdout))


if __name__ == "__main__":
    unittest.main()
