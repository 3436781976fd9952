"""What a node costs as graphs grow, eager and recorded: the curve is flat where cost is linear.

Three graphs, of 10³ nodes to as many as asked for: a chain of products, one deep; a sum of as many
leaves, by operators and by `total`; and softmax and log_softmax of as many values under a dot
product. Each gradient is checked against its closed form first. Printed is the processor time of
a node in nanoseconds, forwards, backwards and as it is freed, the least of some turns, and the
memory of a node in bytes (what the process grows by), with the garbage collector off: its share
is Python's. Up to 10⁶ nodes the graph is also recorded, compiled and run as a program that nothing
is known of, and run again; its gradient is checked too.

Run `python tests/benchmarks/growth.py --most 7` for up to 10⁷ nodes, which takes 3 GB of memory,
and with AUTOGRAD_IMPLEMENTATION=python for the readable implementation.
"""

from __future__ import annotations

import argparse
import gc
import math
import resource
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # run from anywhere

import numpy as np

from autograd import Program, Value, dot, implementation, log_softmax, softmax, total
from autograd.program.plans import PLANS

Graph = tuple[Value, list[Value]]  # the root, and the leaves
FACTOR = 1.0 + 2.0**-30
RECORDED = 10**6  # nodes at most


def chain(leaves: list[Value]) -> Value:
    """Return x · f · f · …, as many products as there are leaves."""
    out = leaves[0]
    for _ in leaves:
        out = out * FACTOR
    return out


def products(leaves: list[Value]) -> Value:
    """Return Σ xₖ · f by operators: a product and a sum for each leaf."""
    return sum([x * FACTOR for x in leaves])


def weights(count: int) -> list[float]:
    return [math.cos(k) for k in range(count)]


def shares(leaves: list[Value]) -> Value:
    return dot(softmax(leaves), weights(len(leaves)))


def logarithms(leaves: list[Value]) -> Value:
    return dot(log_softmax(leaves), weights(len(leaves)))


def expected(make: Callable[[list[Value]], Value], x: list[float]) -> list[float]:
    """Return the gradient in closed form."""
    if make is chain:
        return [FACTOR ** len(x)] + [0.0] * (len(x) - 1)
    if make in (total, products):
        return [1.0 if make is total else FACTOR] * len(x)
    w, p = weights(len(x)), softmax(x)
    if make is shares:
        mean = math.fsum(map(float.__mul__, w, p))
        return [pk * (wk - mean) for pk, wk in zip(p, w, strict=True)]
    whole = math.fsum(w)
    return [wk - pk * whole for pk, wk in zip(p, w, strict=True)]


def require_equal(make: Callable[[list[Value]], Value], leaves: list[Value]) -> None:
    """Stop where the gradient is not that of the closed form."""
    for x, d in zip(leaves, expected(make, [x.data for x in leaves]), strict=True):
        if abs(x.grad - d) > 1e-9 * max(1.0, abs(d)):
            raise SystemExit(f"{make.__name__}: {x.grad} instead of {d}")


def resident_bytes() -> int:
    """Return what the process holds; 0 where the system does not say."""
    try:
        pages = Path("/proc/self/statm").read_text().split()[1]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


def timed(make: Callable[[list[Value]], Value], leaves: list[Value]) -> tuple[list[float], int]:
    """Return the seconds of forwards, backwards and of freeing, and the growth in bytes."""
    for x in leaves:
        x.grad = 0.0
    before = resident_bytes()
    clock = [process_time()]
    root = make(leaves)
    clock.append(process_time())
    grown = resident_bytes() - before
    root.backward()
    clock.append(process_time())
    del root
    clock.append(process_time())
    return [b - a for a, b in pairwise(clock)], grown


def recorded(make: Callable[[list[Value]], Value], leaves: list[Value]) -> list[float]:
    """Return the seconds of a program's first call, with all that is before it, and of one more."""
    PLANS.__init__()
    root, nothing = make(leaves), np.empty((1, 0))
    clock = [process_time()]
    program = Program(root, inputs=[], parameters=leaves)
    program(nothing)
    clock.append(process_time())
    _, gradient = program(nothing)
    clock.append(process_time())
    for x, slope in zip(leaves, gradient.tolist(), strict=True):
        x.grad = slope
    require_equal(make, leaves)
    return [b - a for a, b in pairwise(clock)]


def line(make: Callable[[list[Value]], Value], size: int, nodes_a_leaf: int) -> str:
    """Return what is printed for one graph of a size."""
    leaves = [Value(math.sin(k)) for k in range(size // nodes_a_leaf)]
    turns, grown = [], 0
    for turn in range(max(1, min(50, 2_000_000 // size))):
        seconds, more = timed(make, leaves)
        grown = more if turn == 0 else grown
        turns.append(seconds)
    require_equal(make, leaves)
    ways = [1e9 * min(way) / size for way in zip(*turns, strict=True)]
    text = "".join(f"{ns:10.1f}" for ns in ways) + f"{grown / size:10.0f}"
    if size <= RECORDED:
        text += "".join(f"{1e9 * seconds / size:12.1f}" for seconds in recorded(make, leaves))
    return text


GRAPHS: dict[str, tuple[Callable[[list[Value]], Value], int]] = {
    "chain of products": (chain, 1),
    "sum of products": (products, 2),
    "total": (total, 1),
    "softmax": (shares, 1),
    "log_softmax": (logarithms, 1),
}


def main() -> None:
    """Print a table for each graph."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--most", type=int, default=6, help="the largest power of ten (default 6)")
    most = parser.parse_args().most
    gc.collect()
    gc.disable()
    print(f"implementation: {implementation}; every gradient is that of its closed form")
    for name, (make, nodes_a_leaf) in GRAPHS.items():
        print(f"\n{name:20}   forward  backward   freeing     bytes  first call    one more")
        for power in range(3, most + 1):
            print(f"  {10**power:18,d}{line(make, 10**power, nodes_a_leaf)}", flush=True)


if __name__ == "__main__":
    main()
