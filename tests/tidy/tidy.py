#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the sources against the house rules that a compiler does not know: the direction of
includes, libraries in their rooms, banned calls, the licence line, owners of TODOs.

    tidy.py ROOT      prints one line for each fault ("FILE:LINE: what; cure"), exits 1 if there is one
"""
import pathlib
import re
import sys

import rooms

LICENCE = "SPDX-License-Identifier: Apache-2.0"
SKIPPED_DIRECTORIES = {".git", "build", ".cache", "__pycache__"}
CXX = {".h", ".cc"}
NEEDS_LICENCE = CXX | {".proto", ".py", ".cmake", ".sql", ".sh"}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
TEST_FILE = re.compile(r"(_test|_property_test|_fuzz|_benchmark|_harness|_suite|_fixture)\.(h|cc)$"
                       r"|^test_\w+\.(h|cc)$")
TODO = re.compile(r"\b(TODO|FIXME|XXX)\b(\(\w[\w.-]*\):)?")
# One pass over C++: what is no code comes first, so that a quote in a comment opens nothing.
TOKEN = re.compile(r"""
    (?P<raw>R"(?P<mark>[^()\s\\]{0,16})\(.*?\)(?P=mark)")
  | (?P<comment>//[^\n]*|/\*.*?\*/)
  | (?P<text>"(?:[^"\\\n]|\\.)*")
  | (?P<char>(?<![0-9A-Fa-f])'(?:[^'\\\n]|\\.)+')
""", re.VERBOSE | re.DOTALL)


def source_files(root):
    for path in sorted(root.rglob("*")):
        if path.is_file() and not SKIPPED_DIRECTORIES & set(path.relative_to(root).parts[:-1]):
            yield path


def room_of(relative):
    """The room of a file: its directory, or "tests" for all below it, or "agent" for the wiring."""
    directory = relative.parent.as_posix()
    return "tests" if directory.split("/")[0] == "tests" else directory


def is_test(relative):
    return relative.parts[0] == "tests" or TEST_FILE.search(relative.name) is not None


def blanked(match):
    """As many lines as before, and nothing else: line numbers stay right."""
    return "\n" * match.group(0).count("\n") or " "


def strip_to_code(text):
    return TOKEN.sub(blanked, text)


def string_literals(text):
    """(line, contents) of each string literal."""
    for match in TOKEN.finditer(text):
        if match.group("text") is not None:
            yield line_at(text, match.start()), match.group(0)[1:-1]
        elif match.group("raw") is not None:
            start = len(match.group("mark")) + 3
            yield line_at(text, match.start()), match.group(0)[start:-start + 1]


def line_at(text, position):
    return text.count("\n", 0, position) + 1


def may_include(relative, header):
    room = room_of(relative)
    allowed = list(rooms.MAY_INCLUDE[room])
    if is_test(relative):
        allowed += rooms.TESTS_MAY_INCLUDE + rooms.TESTS_OF_ROOM_MAY_INCLUDE.get(room, [])
    target = header.rsplit("/", 1)[0]
    return target == relative.parent.as_posix() or header in allowed or target in allowed


def check_own_header(relative, header):
    if room_of(relative) not in rooms.MAY_INCLUDE:
        return (f"directory {room_of(relative)} is in no room; add it to tests/tidy/rooms.py with "
                "what it may include")
    if not may_include(relative, header):
        return (f"{room_of(relative)} may not include {header}; dependencies point down only: hand "
                "in a value or a small struct from above instead")
    return None


def check_library(relative, header):
    room = room_of(relative)
    for prefix, allowed in rooms.LIBRARY_ROOMS.items():
        if header.startswith(prefix) and room not in allowed:
            return f"<{header}> is known only to {', '.join(allowed)}; go through its interface"
    return None


def check_includes(relative, text):
    for number, line in enumerate(text.splitlines(), 1):
        match = INCLUDE.match(line)
        if match is None:
            continue
        header = match.group(2)
        ours = header.split("/")[0] in ("core", "scheduler", "drivers", "agent", "cli", "tests")
        if match.group(1) == '"' and ours and "/" in header:
            fault = check_own_header(relative, header)
        else:
            fault = check_library(relative, header)
        if fault:
            yield number, fault


def check_calls(relative, text):
    code = strip_to_code(text)
    room = room_of(relative)
    for pattern, why, allowed, tests_may in rooms.BANNED_CALLS:
        if room in allowed or (tests_may and is_test(relative)):
            continue
        if "getenv" in pattern and relative.name == "main.cc":
            continue
        for match in re.finditer(pattern, code):
            yield line_at(code, match.start()), f"{match.group(0).strip('(')}: {why}"


def check_sql(relative, text):
    if room_of(relative) in rooms.SQL_ROOMS or is_test(relative):
        return  # Tests show that none of it gets out.
    for number, literal in string_literals(text):
        if re.match(rooms.SQL, literal.lstrip()):
            yield number, "SQL outside agent/ledger; add what you need to its interface"


def check_header_guard(relative, text):
    if relative.suffix == ".h" and "\n#pragma once\n" not in text:
        yield 1, "no #pragma once; add it after the file's comment"


def check_licence(relative, text):
    scripted = text.startswith("#!")
    if relative.suffix not in NEEDS_LICENCE and relative.name != "CMakeLists.txt" and not scripted:
        return
    first = text.splitlines()[:2 if scripted else 1]
    if not any(LICENCE in line for line in first):
        yield 1, f"no licence line; begin the file with a comment \"{LICENCE}\""


def check_todos(relative, text):
    if relative.parts[:2] == ("tests", "tidy"):
        return  # Which must be able to name what it looks for.
    for number, line in enumerate(text.splitlines(), 1):
        match = TODO.search(line)
        if match and not (match.group(1) == "TODO" and match.group(2)):
            yield number, f"{match.group(1)} without an owner; write TODO(name): what is to be done"


CXX_CHECKS = [check_includes, check_calls, check_sql, check_header_guard]
ALL_CHECKS = [check_licence, check_todos]


def faults_of(root):
    """Every fault as (file, line, what), in the order of the files."""
    for path in source_files(root):
        relative = path.relative_to(root)
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # No source.
        checks = ALL_CHECKS + (CXX_CHECKS if path.suffix in CXX else [])
        for check in checks:
            for number, what in check(relative, text):
                yield relative.as_posix(), number, what


def main(arguments):
    if len(arguments) != 2 or not pathlib.Path(arguments[1]).is_dir():
        print(__doc__, file=sys.stderr)
        return 2
    found = list(faults_of(pathlib.Path(arguments[1]).resolve()))
    for name, number, what in found:
        print(f"{name}:{number}: {what}")
    print(f"{len(found)} faults" if found else "the sources keep the house rules")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
