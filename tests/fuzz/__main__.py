"""Hunt for programs whose numbers are not those of the engine.

python -m tests.fuzz --seconds 600 --seed 0 --jobs 2     every instruction set in turn
python -m tests.fuzz --seconds 60 --tile v3               one of them
python -m tests.fuzz --seconds 60 --unverified            programs nobody has held to their nodes
python -m tests.fuzz --only "0/v4/1234"                   one program again
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

TILES = ("v4", "v3", "v2", "plain")


def arguments():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--most", type=int, default=5, help="stop after so many differences")
    parser.add_argument("--tile", choices=TILES, help="only this instruction set")
    parser.add_argument("--unverified", action="store_true", help="trust the compiler")
    parser.add_argument("--only", help="one program, by its seed")
    return parser.parse_args()


def hunt_here(options):
    """Hunt in this process, whose instruction set was chosen when it started."""
    from autograd.program import machine
    from tests.fuzz.checks import unverified
    from tests.fuzz.hunt import hunt

    if options.unverified:
        machine.trusted = unverified

    with tempfile.NamedTemporaryFile("w", prefix="fuzz-", delete=False) as trace:

        def before(seed):  # a crash of C leaves nothing else behind
            os.pwrite(trace.fileno(), f"{seed}\n".ljust(60).encode(), 0)

        start, prefix = monotonic(), f"{options.seed}/{options.tile}"
        programs, found = hunt(prefix, options.seconds, most=options.most, before=before)
    os.unlink(trace.name)
    passed = monotonic() - start
    print(
        f"{options.tile}: {programs - len(found)} of {programs} programs without a difference, "
        f"{programs / passed:.0f} a second",
        flush=True,
    )
    return bool(found)


def again(seed):
    from tests.fuzz.checks import TILE
    from tests.fuzz.hunt import examined
    from tests.fuzz.printing import source

    case, wrong = examined(seed)
    print("unsound" if case is None else source(case, TILE, wrong))
    return bool(wrong)


def main():
    options = arguments()
    tile = options.tile or (options.only.split("/")[1] if options.only else None)
    if tile and os.environ.get("AUTOGRAD_TILE") == tile:
        return again(options.only) if options.only else hunt_here(options)
    runs = [(t, job) for job in range(options.jobs) for t in ([tile] if tile else TILES)]
    share = options.seconds * options.jobs / len(runs)

    def child(run):
        name, job = run
        words = ["--seconds", str(share), "--seed", f"{options.seed}.{job}", "--tile", name]
        words = ["--only", options.only] if options.only else [*words, "--most", str(options.most)]
        words += ["--unverified"] * options.unverified
        command = [sys.executable, "-m", "tests.fuzz", *words]
        done = subprocess.run(command, env={**os.environ, "AUTOGRAD_TILE": name}, check=False)
        if done.returncode < 0:
            print(f"{name}: killed by signal {-done.returncode}; the seed is in /tmp/fuzz-*")
        return done.returncode

    with ThreadPoolExecutor(options.jobs) as pool:
        return any(list(pool.map(child, runs)))


if __name__ == "__main__":
    sys.exit(main())
