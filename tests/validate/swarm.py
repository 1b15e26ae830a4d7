"""What is promised of hunts with scenarios/swarm.json (and swarm_linearizable.json, of `hunt`). Each proof ends with a line `found: …`; exit code 1 if it failed.

    swarm.py hunt REVENANT --seeds N                        nothing is found where no defect is planted
    swarm.py mutants REVENANT --seeds N                     planted defects are caught
    swarm.py shrinking REVENANT --seeds N                   what is found of each planted defect gets small and still fails
    swarm.py fingerprints NAME=REVENANT… --seeds N          a seed is the same run on every build, each time, watched or not
"""

import argparse
import json
import os
import pathlib
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIO = "scenarios/swarm.json"
LINEARIZABLE = "scenarios/swarm_linearizable.json"
# Runs that are watched by a trace besides; one takes ten times as long.
TRACED = 100
# Exit code of a run, or of a hunt with a run, that found a defect of the program itself.
DEATH = 4


def revenant(program: str, *arguments: str, ends_with=(0,)) -> str:
    run = subprocess.run([program, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if run.returncode not in ends_with:
        sys.exit(f"{program} {' '.join(arguments)}\nended with {run.returncode}:\n{run.stdout}")
    return run.stdout


# --- proofs: each returns what was found, and whether that will do ---


def hunt(options) -> tuple[str, bool]:
    passed = []
    for scenario in (SCENARIO, LINEARIZABLE):
        with tempfile.TemporaryDirectory() as out:
            print(revenant(options.program[0], "hunt", scenario, "--seeds", f"1..{options.seeds}", "--out", out, ends_with=(0, 1)))
            passed.append(json.loads(pathlib.Path(out, "hunt.json").read_text())["passed"])
    return f"{' and '.join(map(str, passed))} of {options.seeds} seeds passed", passed == [options.seeds] * 2


def mutants(options) -> tuple[str, bool]:
    table = revenant(options.program[0], "mutants", SCENARIO, "--seeds", str(options.seeds), ends_with=(0, 1))
    print(table)
    caught, planted = re.search(r"^(\d+) of (\d+) defects caught", table, re.MULTILINE).groups()
    return f"{caught} of {planted} caught", int(caught) >= 0.95 * int(planted)


def size(scenario: dict, operations: int) -> int:
    return len(scenario.get("faults", [])) + operations


def shrinking(options) -> tuple[str, bool]:
    program = options.program[0]
    schema = json.loads(revenant(program, "schema"))
    lost, silent = {}, []
    for defect in names_of_defects(schema):
        with tempfile.TemporaryDirectory() as out:
            revenant(program, "hunt", SCENARIO, "--set", f'defects=["{defect}"]', "--seeds", f"1..{options.seeds}",
                     "--max-failures", "1", "--out", out, ends_with=(0, 1, DEATH))
            groups = json.loads(pathlib.Path(out, "hunt.json").read_text())["groups"]
            if not groups:
                print(f"{defect}: not found in {options.seeds} seeds")
                continue
            found = pathlib.Path(out, groups[0]["file"])
            small = pathlib.Path(out, "small.json")
            revenant(program, "shrink", str(found), "--out", str(small), "--runs", "200")
            failure = json.loads(found.read_text())
            text = "\n".join(line for line in small.read_text().splitlines() if not line.lstrip().startswith("//"))
            shrunk = json.loads(text)
            before = size(failure["scenario"], sum(map(len, failure["operations"].values())))
            after = size(shrunk, sum(len(w.get("script", [])) for w in shrunk.get("workload", [])))
            if not fails_so(program, small, failure["signature"]):
                silent.append(defect)
        lost[defect] = 1 - after / before
        print(f"{defect}: {groups[0]['check']}, {before} faults and operations -> {after}, {100 * lost[defect]:.1f} % less",
              flush=True)
    median = statistics.median(lost.values())
    found = f"{100 * median:.1f} % less in the median of {len(lost)} failures, {len(silent)} not failing so by themselves"
    return found, median >= 0.9 and not silent


def fails_so(program: str, scenario: pathlib.Path, signature: dict) -> bool:
    report = revenant(program, "run", str(scenario), "--json", ends_with=(0, 1, DEATH))
    if signature["check"] == "died":
        return not report
    return bool(report) and any(signature.items() <= violation.items() for violation in json.loads(report)["violations"])


def names_of_defects(node) -> list[str]:
    """The names under the schema's property `defects`."""
    if isinstance(node, dict):
        if "defects" in node.get("properties", {}):
            return node["properties"]["defects"]["items"]["enum"]
        node = list(node.values())
    if isinstance(node, list):
        for part in node:
            if names := names_of_defects(part):
                return names
    return []


def fingerprints(options) -> tuple[str, bool]:
    builds = dict(entry.split("=", 1) for entry in options.program)
    first = next(iter(builds))
    runs = [(first, "-j1"), *((name, f"-j{os.cpu_count()}") for name in builds)]
    reference, differences = {}, 0
    for name, jobs in runs:
        found = swept(builds[name], options.seeds, jobs)
        reference = reference or found
        differ = [seed for seed in reference if found[seed] != reference[seed]]
        differences += len(differ)
        print(f"{name} {jobs}: {len(found)} runs, {len(differ)} differ from {first} -j1 {differ[:5] or ''}", flush=True)
    with tempfile.TemporaryDirectory() as out:
        differ = []
        for seed in range(1, min(TRACED, options.seeds) + 1):
            report = revenant(builds[first], "run", SCENARIO, "--seed", str(seed), "--json", "--trace", f"{out}/trace.json")
            if json.loads(report)["fingerprint"] != reference[seed]:
                differ.append(seed)
    differences += len(differ)
    print(f"{first} traced: {len(differ)} differ {differ[:5] or ''}")
    return f"{differences} differences of {options.seeds} seeds on {', '.join(builds)}", differences == 0


def swept(program: str, seeds: int, jobs: str) -> dict[int, str]:
    with tempfile.TemporaryDirectory() as out:
        results = f"{out}/results.sqlite"
        revenant(program, "sweep", SCENARIO, "--seeds", f"1..{seeds}", jobs, "--out", results, ends_with=(0, 1))
        found = dict(sqlite3.connect(results).execute("SELECT seed, fingerprint FROM run"))
    if len(found) != seeds or not all(found.values()):
        sys.exit(f"{program}: {len(found)} runs of {seeds}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    proofs = {"hunt": hunt, "mutants": mutants, "shrinking": shrinking, "fingerprints": fingerprints}
    parser.add_argument("proof", choices=proofs)
    parser.add_argument("program", nargs="+", help="path of the program; fingerprints: NAME=PATH")
    parser.add_argument("--seeds", type=int, required=True)
    options = parser.parse_args()
    if options.proof != "fingerprints":
        options.program = [os.path.abspath(options.program[0])]
    found, good = proofs[options.proof](options)
    print(f"found: {found}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
