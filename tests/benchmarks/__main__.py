"""All benchmarks: `python -m tests.benchmarks [--only WORD] [--rounds 11] [--out FOLDER]`.

Each side of a contest runs in a process of its own on one thread, and they take turns. Peers that
are not installed are named. Before any time is taken all sides of a contest must agree; the
command ends with status 1 where they do not. `--out` writes `benchmarks.md` and `benchmarks.svg`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run from anywhere

from tests.benchmarks import calls, eager, gpt, imports, mixtures, scaling, stencils, steps
from tests.benchmarks.harness import held, machine
from tests.benchmarks.report import plot, table

PARTS = (steps, gpt, mixtures, stencils, calls, eager, scaling, imports)
# These compare by themselves, and print bounds.
SCRIPTS = ("compiled", "growth", "first_calls", "verified")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", help="a word of the titles wanted")
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("--out", type=Path, help="where to write table and plot")
    parser.add_argument("--list", action="store_true", help="say what there is")
    options = parser.parse_args()
    contests = [contest for part in PARTS for contest in part.contests()]
    words = options.only or [""]
    contests = [x for x in contests if any(word in x.title for word in words)]
    scripts = [name for name in SCRIPTS if any(word in name for word in words)]
    if options.list:
        print(*[x.title for x in contests], *scripts, sep="\n")
        return 0
    lines, found = machine(), []
    print(*lines, sep="\n", file=sys.stderr)
    for contest in contests:
        print(contest.title, file=sys.stderr, flush=True)
        found.append(held(contest, options.rounds))
    text = table(found, options.rounds, lines)
    for name in scripts:
        print(name, file=sys.stderr, flush=True)
        text += f"\n```\n{printed(name)}```\n"
    print(text)
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / "benchmarks.md").write_text(text, encoding="utf-8")
        plot(found, options.out / "benchmarks.svg")
    return int(any(x.wrong for x in found))


def printed(name: str) -> str:
    """Return what a script of this folder prints."""
    script = Path(__file__).with_name(f"{name}.py")
    return subprocess.run([sys.executable, script], stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())
