"""Steps of a small GPT on one text: its scalar graph as a program, and a loop written in C.

The C code is compiled anew, by the system's compiler, into a folder that is thrown away. Each side
first holds loss and all gradients beside the graph's own, walked node by node.
"""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from functools import cache
from importlib import import_module
from pathlib import Path

from tests.benchmarks.harness import ROOT, Contest, Side

TEXT = ".anna.eva.augustine"
RATE, CHECKED = 0.01, 5


@cache
def graph(length):
    """Return loss, inputs and weights of the demo's model, and the numbers of a text."""
    from autograd import Value, logsumexp, mean, take

    demo = import_module("demos.09_gpt")
    demo.CONTEXT = length
    model, text = demo.GPT(seed=1), [demo.LETTERS.index(x) for x in TEXT[: length + 1]]
    letters = [Value(float(x)) for x in text]
    pairs = zip(model.logits(letters[:-1]), letters[1:], strict=True)
    loss = mean([logsumexp(z) - take(z, letter) for z, letter in pairs])
    return loss, letters, model.parameters, text


def require_equal(length, cost, slopes):
    """Raise ArithmeticError where loss and gradients are not those of the graph."""
    import numpy as np

    from autograd import gradients

    loss, _, weights, _ = graph(length)
    expected = np.array([loss.data, *gradients(loss, weights)])
    off = np.abs(np.array([cost, *slopes]) - expected).max()
    if not off <= 1e-12 * np.abs(expected).max():
        raise ArithmeticError(f"loss and gradients differ by {off} from those of the graph")


def program(length):
    """Steps of Adam inside a program."""
    from autograd import Program
    from nn import Adam

    loss, letters, weights, text = graph(length)
    model = Program(loss, inputs=letters, parameters=weights)
    require_equal(length, *model([text]))
    optimizer = Adam(weights, lr=RATE)
    return (lambda steps: model.train([text], optimizer, steps)), [
        *map(float, model.train([text], optimizer, CHECKED))
    ]


def by_hand(length):
    """The same steps in C."""
    import numpy as np

    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if not compiler:
        raise ImportError("a C compiler")
    source, folder = ROOT / "tests" / "benchmarks" / "gpt.c", Path(tempfile.mkdtemp())
    try:
        flags = ["-O3", "-march=native", "-shared", "-fPIC", "-o", str(folder / "gpt.so")]
        subprocess.run([compiler, *flags, str(source), "-lm"], check=True)
        code = ctypes.CDLL(str(folder / "gpt.so"))
    finally:
        shutil.rmtree(folder)
    code.gradient.restype = ctypes.c_double
    _, _, leaves, text = graph(length)
    weights = np.array([leaf.data for leaf in leaves])
    memory, count = np.zeros(3 * len(weights)), len(weights)
    letters, losses = np.array(text, np.int32), np.empty(1_000_000)
    at = lambda array: ctypes.c_void_p(array.ctypes.data)
    cost = code.gradient(at(weights), at(memory), count, at(letters), length)
    require_equal(length, cost, memory[:count])

    def run(steps):
        code.train(
            at(weights), at(memory), count, at(letters), length, steps, ctypes.c_double(RATE),
            at(losses),
        )  # fmt: skip

    run(CHECKED)
    return run, losses[:CHECKED].tolist()


def contests():
    for length, steps in ((7, 2000), (16, 1000)):
        sides = [Side("program", "gpt:program", (length,), steps)]
        sides += [Side("C by hand", "gpt:by_hand", (length,), steps)]
        yield Contest(f"step GPT of {length} letters, Adam", tuple(sides), close=1e-9)
