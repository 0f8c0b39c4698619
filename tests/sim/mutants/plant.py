#!/usr/bin/env python3
"""Plants the bugs of mutants.txt into copies of sources: plant.py SOURCE_TREE INTO FILE...

Each bug is there only while planted(its number) says so, so that one program has them all. A place
that is not there exactly once ends the build: a bug that cannot be planted any more is no test.
"""
import pathlib
import re
import sys

BLOCK = re.compile(r"^== (\d+) (\S+) (.+?)\n<<<\n(.*?)\n---\n(.*?)\n>>>$", re.M | re.S)


def main() -> int:
    tree, into, files = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), sys.argv[3:]
    listed = (pathlib.Path(__file__).parent / "mutants.txt").read_text()
    texts = {name: (tree / name).read_text() for name in files}
    names = {}
    for number, name, title, right, wrong in BLOCK.findall(listed):
        if name not in texts:
            sys.exit(f"mutant {number}: {name} is not among the files to be planted")
        if texts[name].count(right) != 1:
            sys.exit(f"mutant {number} ({title}): its place in {name} is there "
                     f"{texts[name].count(right)} times, not once")
        texts[name] = texts[name].replace(right, wrong)
        names[int(number)] = title
    for name, text in texts.items():
        target = into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    rows = "".join(f'    {{{number}, "{title}"}},\n' for number, title in sorted(names.items()))
    (into / "mutants.inc").write_text(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
