"""Every notebook runs from top to bottom, on small results."""

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "analysis/plots"))

from fixture import DATA, ROOT, Drawing  # noqa: E402

# What `revenant compare` answers to each notebook.
ANSWERS = {"01_resurrection.ipynb": "resurrection.json"}


class Notebooks(Drawing):
    def test_each_has_an_answer(self):
        self.assertEqual({path.name for path in (ROOT / "notebooks").glob("*.ipynb")}, set(ANSWERS))

    def test_each_runs_and_shows_its_figures(self):
        for name, answer in ANSWERS.items():
            with self.subTest(name):
                program = self.fake_revenant(DATA / answer)
                done = subprocess.run(
                    [sys.executable, "-m", "nbconvert", "--to", "notebook", "--execute", ROOT / "notebooks" / name,
                     "--ExecutePreprocessor.timeout=120", "--output-dir", self.directory, "--output", name],
                    capture_output=True, text=True, check=False,
                    env={**os.environ, "REVENANT": str(program), "REVENANT_RESULTS": str(self.results()),
                         "REVENANT_ROOT": str(ROOT), "PYDEVD_DISABLE_FILE_VALIDATION": "1"})
                self.assertEqual(done.returncode, 0, done.stderr)
                cells = json.loads((self.directory / name).read_text(encoding="utf-8"))["cells"]
                outputs = [output for cell in cells for output in cell.get("outputs", [])]
                self.assertTrue(any("text/html" in output.get("data", {}) for output in outputs), "no table")
                self.assertEqual(sum("image/png" in output.get("data", {}) for output in outputs), 2)


if __name__ == "__main__":
    unittest.main()
