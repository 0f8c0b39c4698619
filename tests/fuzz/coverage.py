#!/usr/bin/env python3
"""Lines and branches of parsers that the corpora reach, from what `llvm-cov export` prints.

usage: coverage.py [--missing] TARGET SOURCE... <EXPORT

SOURCE is a file of which all is counted, FILE:+NAME,... of which only these functions are, or
FILE:-NAME,... of which all but these are. A line is one that has code; a branch is one outcome of a
condition at one place of the source, however often the compiler made it. Nothing that the list
names may be missing from the export: a name that is gone would count nothing and tell nobody.
--missing prints the places that no input came to in place of the shares.
"""

import json
import re
import subprocess
import sys


def demangled(names):
    """Names as in the source, without what stands before them and behind."""
    # Functions of one file only are told as "file:name".
    plain = [name.rpartition(":")[2] for name in names]
    tool = subprocess.run(
        ["llvm-cxxfilt-14"], input="\n".join(plain), capture_output=True, text=True, check=True
    )
    return [re.sub(r"\(anonymous namespace\)", "", line) for line in tool.stdout.splitlines()]


def spans_of(functions, filename):
    """The lines of each function of the file: its name, first and last line."""
    own = [one for one in functions if one["filenames"][0] == filename and one["regions"]]
    spans = []
    for one, name in zip(own, demangled([one["name"] for one in own])):
        called = re.sub(r"<.*", "", name.partition("(")[0]).rpartition("::")[2].split(" ")[-1]
        places = [region for region in one["regions"] if region[5] == 0]
        spans.append((called, min(r[0] for r in places), max(r[2] for r in places)))
    return spans


class Choice:
    """Which lines of a file count."""

    def __init__(self, file, functions, words):
        self.whole = words == ""
        if self.whole:
            return
        self.only = words[0] == "+"
        wanted = words[1:].split(",")
        spans = spans_of(functions, file)
        missing = [name for name in wanted if name not in {span[0] for span in spans}]
        if missing:
            sys.exit(f"coverage.py: {file} has no function {', '.join(missing)}")
        self.spans = [span[1:] for span in spans if span[0] in wanted]

    def counts(self, line):
        return self.whole or any(a <= line <= b for a, b in self.spans) == self.only


def lines_of(file):
    """How often each line ran that has code, as llvm-cov counts it."""
    starts = {}
    for line, column, count, has_count, is_entry, *_ in file["segments"]:
        starts.setdefault(line, []).append((count, has_count, is_entry))
    runs = {}
    before = None
    for line in range(1, max(starts, default=0) + 1):
        here = starts.get(line, [])
        counts = [count for count, has_count, is_entry in here if has_count and is_entry]
        if before and before[1]:
            counts.append(before[0])
        if counts:
            runs[line] = max(counts)
        if here:
            before = here[-1]
    return runs


def branches_of(file):
    """How often each condition was true and was false, by its place."""
    outcomes = {}
    for *place, true, false, _, _, _ in file["branches"]:
        sums = outcomes.setdefault(tuple(place), [0, 0])
        sums[0] += true
        sums[1] += false
    return outcomes


def tell_missing(file, source, choice, runs, outcomes):
    with open(file["filename"] if file["filename"].startswith("/") else source) as text:
        words = text.read().splitlines()
    notes = {line: ["never"] for line, count in runs.items() if count == 0 and choice.counts(line)}
    for (line, column, _, end), (true, false) in outcomes.items():
        if choice.counts(line) and line not in notes or notes.get(line) != ["never"]:
            if choice.counts(line):
                what = words[line - 1][column - 1 : end - 1]
                for word, count in (("true", true), ("false", false)):
                    if count == 0:
                        notes.setdefault(line, []).append(f"never {word}: {what}")
    for line in sorted(notes):
        print(f"{source}:{line}: {words[line - 1].strip()}   <- {'; '.join(notes[line])}")


def main():
    arguments = sys.argv[1:]
    missing = arguments[:1] == ["--missing"]
    target, *sources = arguments[missing:]
    export = json.load(sys.stdin)["data"][0]
    sums = [0, 0, 0, 0]

    def row(name, line_runs, lines, taken, branches):
        shares = [
            f"{100 * some / all_:5.1f} %" if all_ else "-"
            for some, all_ in ((line_runs, lines), (taken, branches))
        ]
        print(f"{target:<10} {name:<36} {lines:6} {shares[0]:>8} {branches:6} {shares[1]:>8}")

    for word in sources:
        source, _, words = word.partition(":")
        # With ccache the compiler was told of them by a path from the build folder.
        found = [one for one in export["files"] if ("/" + one["filename"]).endswith("/" + source)]
        if len(found) != 1:
            sys.exit(f"coverage.py: {target}: {len(found)} files are called {source}")
        choice = Choice(found[0]["filename"], export["functions"], words)
        runs, outcomes = lines_of(found[0]), branches_of(found[0])
        if missing:
            tell_missing(found[0], source, choice, runs, outcomes)
            continue
        ran = [count > 0 for line, count in runs.items() if choice.counts(line)]
        both = [n > 0 for place, pair in outcomes.items() if choice.counts(place[0]) for n in pair]
        figures = (sum(ran), len(ran), sum(both), len(both))
        sums = [one + other for one, other in zip(sums, figures)]
        row(source, *figures)
    if not missing:
        row("all", *sums)


if __name__ == "__main__":
    main()
