"""A small GPT in scalar code, recovered as matrices: it learns to make up names.

    python demos/09_gpt.py

One transformer block (16 wide, 4 heads, 8 characters of context) is written with nothing but
Values: every weight, every attention score is a node. The graph of one example is re-rolled
into matrix formulas, which are printed, and trained on some names; then new ones are drawn.
"""

from __future__ import annotations

import math
import random
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from anywhere

from autograd import Program, Value, dot, logsumexp, mean, relu, softmax, take
from nn import Adam, cosine

NAMES = """ada adele agnes alan albert alice amelia anna anton arthur astrid barbara beatrice
bella bernard blaise carl carla caroline cecilia charles clara claudia daniel daria david
diana edith edward elena elisa emil emilia emma emmy erika ernest eva felix flora frida gabriel
george grace gustav hanna harald helen helena henri hermann hilda ida ines irene isaac isabel
jakob james joan johanna john jonas joseph julia karin karl katharina kurt lars laura lea leon
leonard lina linda lisa louis louise lucia luisa magda marcel maria marie marina mario mark
marta martin mary matilda max maya mila mira nadia nicolas niels nina nora olga olivia oscar
otto pablo paul paula pauline peter pierre rosa rosalind ruth samuel sara selma simon sofia
sonia sophie stefan stella susanna tamara theodor thomas vera victor viola walter werner wilma"""
LETTERS = ".abcdefghijklmnopqrstuvwxyz"
WIDTH, HEADS, CONTEXT, STEPS = 16, 4, 8, 500


class GPT:
    """The weights of one block, drawn at random, and the graph of one example."""

    def __init__(self, seed: int) -> None:
        self.random, self.parameters = random.Random(seed), list[Value]()
        self.letters = self._matrix(len(LETTERS), WIDTH)
        self.places = self._matrix(CONTEXT, WIDTH)
        self.query, self.key, self.value, self.out = (self._matrix(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = self._matrix(4 * WIDTH, WIDTH), self._matrix(WIDTH, 4 * WIDTH)
        self.head = self._matrix(len(LETTERS), WIDTH)

    def _matrix(self, rows: int, columns: int) -> list[list[Value]]:
        gauss = self.random.gauss
        matrix = [[Value(gauss(0, 0.2)) for _ in range(columns)] for _ in range(rows)]
        self.parameters += [w for row in matrix for w in row]
        return matrix

    def logits(self, letters: list[Value]) -> list[list[Value]]:
        """Return a score for each letter of the alphabet to come next, at each place."""
        keys: list[list[Value]] = []
        values: list[list[Value]] = []
        return [self._place(t, x, keys, values) for t, x in enumerate(letters)]

    def _place(
        self, t: int, letter: Value, keys: list[list[Value]], values: list[list[Value]]
    ) -> list[Value]:
        columns = zip(*self.letters, strict=True)
        x = [take(w, letter) + p for w, p in zip(columns, self.places[t], strict=True)]
        a = normal(x)
        keys.append(linear(self.key, a))
        values.append(linear(self.value, a))
        x = plus(x, linear(self.out, attention(linear(self.query, a), keys, values)))
        x = plus(x, linear(self.down, [relu(z) for z in linear(self.up, normal(x))]))
        return linear(self.head, x)


def linear(W: list[list[Value]], x: list[Value]) -> list[Value]:
    return [dot(row, x) for row in W]


def plus(x: list[Value], y: list[Value]) -> list[Value]:
    return [a + b for a, b in zip(x, y, strict=True)]


def normal(x: list[Value]) -> list[Value]:
    scale = (mean([a * a for a in x]) + 1e-5) ** -0.5
    return [a * scale for a in x]


def attention(q: list[Value], keys: list[list[Value]], values: list[list[Value]]) -> list[Value]:
    """Return Σ_u softmax(q·k_u / √d) v_u over the places so far, head by head."""
    out, d = [], WIDTH // HEADS
    for head in (slice(k, k + d) for k in range(0, WIDTH, d)):
        weights = softmax([dot(q[head], k[head]) / d**0.5 for k in keys])
        out += [dot(weights, column) for column in zip(*[v[head] for v in values], strict=True)]
    return out


def windows(text: str) -> list[list[int]]:
    """Return every stretch of CONTEXT letters and the one that follows, as numbers."""
    numbers = [LETTERS.index(letter) for letter in text]
    return [numbers[k : k + CONTEXT + 1] for k in range(len(numbers) - CONTEXT)]


def invented(program: Program, scores: list[Value], count: int, rng: random.Random) -> list[str]:
    """Draw letters from softmax(scores of the last place) until so many names are new."""
    text, new = ".anna.eva.", list[str]()
    while len(new) < count:
        program(windows(text[-CONTEXT:] + "."))
        weights = [math.exp(z) for z in program.read_values(scores)[0]]
        text += rng.choices(LETTERS, weights)[0]
        name = text.split(".")[-2]
        if text[-1] == "." and len(name) > 1 and name not in (*NAMES.split(), *new):
            new.append(name)
    return new


def main() -> None:
    model, rng = GPT(seed=1), random.Random(1)
    letters = [Value(0.0) for _ in range(CONTEXT + 1)]
    start = time.perf_counter()
    scores = model.logits(letters[:-1])
    after = zip(scores, letters[1:], strict=True)
    loss = mean([logsumexp(z) - take(z, letter) for z, letter in after])
    program = Program(loss, inputs=letters, parameters=model.parameters)
    print(f"{program}\nrecorded and compiled in {time.perf_counter() - start:.2f} s:\n")
    print(program.describe())

    names = NAMES.split()
    X = windows(".".join(["", *rng.sample(names, len(names)), ""]))
    rng.shuffle(X)
    start = time.perf_counter()
    optimizer = Adam(model.parameters, lr=cosine(0.02, 0.0, steps=STEPS))
    costs = program.train(X, optimizer, STEPS, batch_size=64)
    step = (time.perf_counter() - start) / STEPS
    print(f"\n{STEPS} steps of 64 examples, {1e3 * step:.2f} ms each:")
    print(f"mean loss {costs[0]:.3f} → {costs[-100:].mean():.3f} (all letters alike: 3.296)")
    print("new names:", ", ".join(invented(program, scores[-1], 12, rng)))


if __name__ == "__main__":
    main()
