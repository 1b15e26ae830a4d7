"""What is promised of explanations: runs of the swarm with planted defects, their histories checked.

    check.py cores REVENANT        of 200 violations, cores are small, verified, and told
    check.py corruption REVENANT   a history that holds, changed in one place 300 times: a violation, or proof that it still holds

Ends with a line `found: …`; exit code 1 if it failed.
"""

import argparse
import json
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile

from swarm import names_of_defects

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIO = "scenarios/swarm.json"
# A run with more violations than this counts with so many: one defect should not speak for all.
PER_RUN = 5
MEDIAN_MAX = 5


def revenant(program: str, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([program, *arguments], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def violations_of(program: str, defect: str, seed: int) -> list[dict]:
    with tempfile.TemporaryDirectory() as out:
        run = revenant(program, "run", SCENARIO, "--seed", str(seed), "--set", f'defects=["{defect}"]', "--out", out, "--history")
        if run.returncode != 1:  # the defect did nothing that its checks saw, or ended the run
            return []
        check = revenant(program, "check", f"{out}/history.jsonl", "--property", "linearizable", "--json")
        if check.returncode not in (0, 1):
            sys.exit(f"{defect}, seed {seed}: check ended with {check.returncode}\n{check.stderr}")
        return json.loads(check.stdout)[0]["violations"][:PER_RUN]


def cores(options) -> tuple[str, bool]:
    sizes, unverified, untold = [], 0, 0
    defects = names_of_defects(json.loads(revenant(options.program, "schema").stdout))
    seed = 0
    while len(sizes) < options.violations and seed < 200:
        seed += 1
        for defect in defects:
            for violation in violations_of(options.program, defect, seed):
                sizes.append(len(violation["operations"]))
                unverified += not violation["verified"]
                untold += "No order explains" in violation["story"]
        print(f"{seed} seeds of each defect: {len(sizes)} violations", flush=True)
    if not sizes:
        return "no violations", False
    median, largest = statistics.median(sizes), max(sizes)
    found = (f"{len(sizes)} violations: {median:g} operations in the median, {largest} at most, {unverified} not verified, "
             f"{untold} without a sentence of their own")
    return found, len(sizes) >= options.violations and median <= MEDIAN_MAX and unverified == 0


def corrupted(lines: list[dict], kind: str, draw: random.Random) -> list[dict]:
    """One value changed, one acknowledgement moved, or one delete hidden."""
    reads = [i for i, line in enumerate(lines) if line["kind"] == "read" and line.get("found")]
    writes = [i for i, line in enumerate(lines) if line["kind"] in ("insert", "update", "delete")]
    deletes = [i for i, line in enumerate(lines) if line["kind"] == "delete"]
    changed = [dict(line) for line in lines]
    if kind == "value":
        i = draw.choice(reads)
        others = [j for j in writes if lines[j]["key"] == lines[i]["key"] and lines[j].get("write") != lines[i]["write"]]
        changed[i]["write"] = lines[draw.choice(others or writes)]["write"]
    elif kind == "acknowledgement":
        write = changed[draw.choice(writes)]
        write["invoked_ns"] -= 60_000_000_000
        write["completed_ns"] = write["invoked_ns"] + 1_000
    else:
        del changed[draw.choice(deletes)]
    return changed


def corruption(options) -> tuple[str, bool]:
    draw = random.Random(1)
    tally = {}
    with tempfile.TemporaryDirectory() as out:
        run = revenant(options.program, "run", "scenarios/quickstart.json", "--seed", "1", "--out", out, "--history",
                       "--set", 'workload[0].mix={"read": 0.5, "update": 0.3, "delete": 0.2}')
        if run.returncode != 0:
            sys.exit(f"quickstart ended with {run.returncode}\n{run.stdout}{run.stderr}")
        history = pathlib.Path(out, "history.jsonl")
        lines = [json.loads(line) for line in history.read_text().splitlines()]
        for i in range(options.corruptions):
            kind = ("value", "acknowledgement", "delete")[i % 3]
            history.write_text("".join(json.dumps(line) + "\n" for line in corrupted(lines, kind, draw)))
            check = revenant(options.program, "check", str(history), "--property", "linearizable", "--json")
            if check.returncode not in (0, 1):
                sys.exit(f"corruption {i}: check ended with {check.returncode}\n{check.stderr}")
            verdict = json.loads(check.stdout)[0]
            proved = all(v["verified"] for v in verdict["violations"]) if check.returncode == 1 else verdict["verified"] > 0
            name = f"{kind} {verdict['outcome']}{'' if proved else ' without proof'}"
            tally[name] = tally.get(name, 0) + 1
    found = ", ".join(f"{name}: {count}" for name, count in sorted(tally.items()))
    return found, not any("without" in name for name in tally) and any("violated" in name for name in tally)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("proof", choices=["cores", "corruption"])
    parser.add_argument("program")
    parser.add_argument("--violations", type=int, default=200)
    parser.add_argument("--corruptions", type=int, default=300)
    options = parser.parse_args()
    found, good = cores(options) if options.proof == "cores" else corruption(options)
    print(f"found: {found}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
