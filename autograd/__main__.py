"""The command line: `python -m autograd --version` says which implementation is in use."""

from __future__ import annotations

import argparse

import autograd


def main() -> None:
    """Print the version and the implementation."""
    parser = argparse.ArgumentParser(prog="python -m autograd", description=autograd.__doc__)
    version = f"whygrad {autograd.__version__} (implementation: {autograd.implementation})"
    parser.add_argument("--version", action="version", version=version)
    parser.parse_args()
    parser.print_help()


if __name__ == "__main__":
    main()
