"""The command line: `python -m autograd "tanh(a*b + c)" a=2 b=-3 c=10` says what and why."""

from __future__ import annotations

import sys

from autograd.command import main

if __name__ == "__main__":
    sys.exit(main(prog="python -m autograd"))
