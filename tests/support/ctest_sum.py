#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Sums the JUnit files of several ctest runs: "N passed, N failed[, N skipped]".

    ctest_sum.py FILE...

A run whose file is missing or unreadable counts as one failure: it ended before it could tell.
"""
import sys
import xml.etree.ElementTree as ElementTree


def counts(path):
    """(passed, failed, skipped) of one file."""
    try:
        suite = ElementTree.parse(path).getroot()
    except (OSError, ElementTree.ParseError):
        return 0, 1, 0
    number = {name: int(suite.get(name, 0)) for name in ("tests", "failures", "skipped", "disabled")}
    skipped = number["skipped"] + number["disabled"]
    return number["tests"] - number["failures"] - skipped, number["failures"], skipped


def main(paths):
    passed, failed, skipped = (sum(column) for column in zip(*map(counts, paths)))
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))


if __name__ == "__main__":
    main(sys.argv[1:])
