"""How often a delete that one replica missed comes back, against the closed form. Exit code 1 if it does so otherwise.

    resurrection.py REVENANT --trials N      ends with a line `found: …`

Per period P of repair, with gc_grace G and a delay C from there to the moment at which the delete is lost to repair:

    mode timeout   P(returns) = max(0, 1 - (G + C) / P), within 3 sigma
    mode repair    never

C is 0: a session leaves out the tombstones that the purge rule lets go at its moment, whether a compaction has dropped them
yet or not. A compaction that came later than the repair would not save the delete.

Only runs with one delete count: a uniform moment given that there is one, and nothing else that its tombstone could be
merged with. Their share is 1 / e, so there are enough seeds for N such runs.
"""

import argparse
import math
import os
import pathlib
import sqlite3
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCENARIO = "tests/validate/resurrection.json"
DAY = 86_400
GRACE = 10 * DAY
DELAY = 0
PERIODS = (7, 15, 20, 30)


def swept(program: str, days: int, mode: str, seeds: int) -> tuple[int, int, int]:
    """Deletes, those that came back, and tombstones purged, over all runs with one delete."""
    period = days * DAY
    settings = {
        "storage.tombstone_gc": mode,
        "replication.repair.every": f"{period}s",
        "workload.deletes.to": f"{period}s",
        "workload.deletes.rate": f"{1 / period:.9f}/s",  # one in a run, on average
        "faults.missed.for": f"{period - 1}s",
        "duration": f"{period + 13 * DAY}s",  # until what the repair brought has been purged as well
    }
    with tempfile.TemporaryDirectory() as out:
        results = f"{out}/results.sqlite"
        assignments = [word for path, value in settings.items() for word in ("--set", f"{path}={value}")]
        run = subprocess.run([program, "sweep", SCENARIO, "--seeds", f"1..{seeds}", *assignments, "--out", results], cwd=ROOT,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if run.returncode != 0:
            sys.exit(f"{run.args}\nended with {run.returncode}:\n{run.stdout}{run.stderr}")
        rows = sqlite3.connect(results).execute(
            "SELECT name, sum(value) FROM metric JOIN (SELECT run FROM metric WHERE name = 'deletes_ok' AND value = 1) USING (run)"
            " GROUP BY name")
        sums = dict(rows)
    return tuple(int(sums.get(name, 0)) for name in ("deletes_ok", "resurrected_at_end", "tombstones_purged"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--trials", type=int, required=True)
    options = parser.parse_args()
    program = os.path.abspath(options.program)
    good, worst = True, 0.0
    print("mode      P    deletes  expected  returned  deviation")
    for mode in ("timeout", "repair"):
        for days in PERIODS:
            deletes, returned, purged = swept(program, days, mode, 3 * options.trials)
            expected = max(0.0, 1 - (GRACE + DELAY) / (days * DAY)) if mode == "timeout" else 0.0
            sigma = math.sqrt(expected * (1 - expected) / deletes)
            deviation = abs(returned / deletes - expected) / sigma if sigma else float(returned)
            # A delete that nobody purges cannot come back, so it proves nothing.
            good &= deviation <= 3 and purged >= deletes and deletes >= options.trials
            worst = max(worst, deviation)
            print(f"{mode:8} {days:2} d  {deletes:7}  {expected:8.4f}  {returned / deletes:8.4f}  {deviation:5.2f} sigma",
                  flush=True)
    print(f"found: at most {worst:.2f} sigma from the closed form, {options.trials} trials or more each")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
