"""The command line: `python -m nn lecture.md` checks the formulas of some notes."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from autograd.files import write
from nn.notes import check_notes


def main(arguments: list[str] | None = None) -> int:
    """Print the report on a file; 0: nothing fails, 1: something does, 2: misuse."""
    parser = argparse.ArgumentParser(
        prog="python -m nn", description="Check the formulas of notes on backpropagation."
    )
    parser.add_argument("file", help="notes in Markdown, LaTeX or plain text; - reads the input")
    parser.add_argument("--json", action="store_true", help="print the report for tools")
    parser.add_argument("--html", metavar="FILE", help="write a page with the formulas typeset")
    options = parser.parse_args(arguments)
    try:
        notes = sys.stdin.read() if options.file == "-" else Path(options.file)
        report = check_notes(notes, progress=sys.stderr.isatty())
        if options.html:
            write(options.html, report.html().encode())
    except (OSError, ValueError) as problem:
        print(f"python -m nn: {problem}", file=sys.stderr)
        return 2
    print(report.json() if options.json else report.text())
    return 0 if report else 1


if __name__ == "__main__":
    sys.exit(main())
