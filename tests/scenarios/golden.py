"""Golden fingerprints: a run of a scenario is the same run on every build, until someone means to change it.

    golden.py REVENANT [SCENARIO]…            compares each scenario's fingerprint with fingerprints.json
    golden.py REVENANT [SCENARIO]… --update   writes them there (./dev golden)

A scenario is named by its path below scenarios/ without .json; none given means all. Each runs once with seed 1.
A fingerprint covers every event of the run, so a difference says that the course of the run changed, not what
changed it. Verdicts are not compared here: a run may end with a failed check and still be the same run.
"""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
GOLDEN = pathlib.Path(__file__).with_name("fingerprints.json")
SEED = "1"
# Exit codes of a run that took place: every check held, one did not, or nothing that must happen did.
RAN = {0, 1, 3}


def all_scenarios() -> list[str]:
    folder = ROOT / "scenarios"
    paths = (path.relative_to(folder) for path in folder.rglob("*.json"))
    return sorted(path.with_suffix("").as_posix() for path in paths if path.name != "schema.json")


def fingerprint(revenant: str, scenario: str) -> str:
    command = [revenant, "run", f"scenarios/{scenario}.json", "--seed", SEED, "--json"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if run.returncode not in RAN:
        sys.exit(f"{' '.join(command)}\nended with {run.returncode}:\n{run.stderr}")
    return json.loads(run.stdout)["fingerprint"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("revenant", help="path of the program", type=os.path.abspath)
    parser.add_argument("scenario", nargs="*", help="names below scenarios/")
    parser.add_argument("--update", action="store_true", help="write the fingerprints instead of comparing them")
    options = parser.parse_args()

    golden = json.loads(GOLDEN.read_text()) if GOLDEN.exists() else {}
    scenarios = options.scenario or all_scenarios()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        found = dict(zip(scenarios, pool.map(lambda name: fingerprint(options.revenant, name), scenarios)))

    changed = {name: value for name, value in found.items() if golden.get(name) != value}
    for name, value in changed.items():
        print(f"{name}: {golden.get(name, 'no golden')} -> {value}")
    if options.update:
        kept = {} if not options.scenario else golden
        GOLDEN.write_text(json.dumps(dict(sorted((kept | found).items())), indent=2) + "\n")
        print(f"{len(found)} fingerprints written, {len(changed)} changed")
        return 0
    print(f"{len(found) - len(changed)} of {len(found)} runs are as they were")
    return 1 if changed or not found else 0


if __name__ == "__main__":
    sys.exit(main())
