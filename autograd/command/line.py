"""The arguments of the command line, and what it says to the shell."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import autograd
from autograd.command.answer import Answer
from autograd.command.formula import Misuse, read, variable

EXAMPLE = "tanh(a*b + c)"
DESCRIPTION = "Say what a formula is at some numbers, its derivative by each of them, and why."
BAD = (ValueError, ZeroDivisionError, OverflowError, FloatingPointError, OSError)
LACKING = (ImportError, RuntimeError)  # nothing installed can write such a picture


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Misuse(f"{message}. See {self.prog} --help.")


def main(arguments: Sequence[str] | None = None, prog: str = "whygrad") -> int:
    """Answer what the arguments ask for; return the exit code: 0, 1 for a failed check, 2.

    >>> main(["a*b", "a=2", "b=-3"])
    value = -6.0
    d/da = -3.0
    d/db = 2.0
    <BLANKLINE>
    ∂f/∂a = −3, along the only path from a to f.
    at a = 2, b = −3
       f = a*b = −6
    ∂f/∂a = b = −3
    <BLANKLINE>
    ∂f/∂b = 2, along the only path from b to f.
    at b = −3, a = 2
       f = a*b = −6
    ∂f/∂b = a = 2
    0
    """
    given = sys.argv[1:] if arguments is None else arguments
    _bear(sys.stdout)
    _bear(sys.stderr)
    try:
        print(_answer(_parser(prog), [_operand(argument) for argument in given]), flush=True)
    except BrokenPipeError:  # who reads has read enough, as head does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (*BAD, *LACKING) as cause:
        return _fail(prog, cause, 2)
    except autograd.GradientError as cause:
        return _fail(prog, cause, 1)
    return 0


def _bear(stream: object) -> None:
    """Let a stream of a narrow encoding write ∂ as an escape, and not fail."""
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(errors="backslashreplace")


def _fail(prog: str, cause: Exception, code: int) -> int:
    print(f"{prog}: {' '.join(str(cause).split()) or type(cause).__name__}", file=sys.stderr)
    return code


def _operand(argument: str) -> str:
    """Return an argument so that a formula which begins with a minus is not taken for an option."""
    option = not argument.startswith("-") or argument.startswith("--") or argument == "-h"
    return argument if option else f" {argument}"


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog=prog,
        description=DESCRIPTION,
        epilog=f'{prog} "{EXAMPLE}" a=2 b=-3 c=10',
    )
    version = f"whygrad {autograd.__version__} (implementation: {autograd.implementation})"
    parser.add_argument("words", nargs="*", metavar="FORMULA name=number", help=EXAMPLE)
    parser.add_argument("--draw", metavar="FILE", help="draw the graph: .svg .png .pdf .dot .html")
    parser.add_argument("--page", metavar="FILE", help="write a page that steps through the pass")
    parser.add_argument("--order", type=int, choices=(1, 2), default=1, help="of the derivatives")
    parser.add_argument("--check", action="store_true", help="compare with finite differences")
    parser.add_argument("--latex", action="store_true", help="answer in LaTeX")
    parser.add_argument("--json", action="store_true", help="answer in JSON")
    parser.add_argument("--version", action="version", version=version)
    return parser


def _answer(parser: argparse.ArgumentParser, arguments: Sequence[str]) -> str:
    options = parser.parse_intermixed_args(arguments)
    if not options.words:
        return parser.format_help().rstrip()
    text, *assignments = options.words
    numbers: dict[str, float] = {}
    for name, number in map(variable, assignments):
        if name in numbers:
            raise Misuse(f"{name} is given twice; give it once.")
        numbers[name] = number
    formula = read(text, numbers)
    answer = Answer(formula, numbers, options.order)
    check = answer.check() if options.check else ""
    _write(answer, options)
    if options.json:
        return answer.json()
    return "\n".join([answer.latex() if options.latex else answer.text(), *[check] * bool(check)])


def _write(answer: Answer, options: argparse.Namespace) -> None:
    answer.root.backward()
    if options.draw:
        autograd.draw(answer.root, inputs=answer.leaves.values()).save(options.draw)
    if options.page:
        autograd.step_through(answer.root, options.page)
