# SPDX-License-Identifier: Apache-2.0
"""Runs a case with what it is about taken away: then it has to fail, and for that reason."""
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
CASE_SECONDS = 600


def betray(test, case, sabotage):
    """What `case` says that is run with that sabotage; it has to fail, or `test` does."""
    ended = subprocess.run([sys.executable, "-B", HERE / f"{case}_test.py"], text=True,
                           env={**os.environ, "BERTH_LAB_SABOTAGE": sabotage}, check=False,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=CASE_SECONDS)
    test.assertEqual(ended.returncode, 1, ended.stdout)
    test.assertIn("FAILED (failures=1)", ended.stdout)
    return ended.stdout
