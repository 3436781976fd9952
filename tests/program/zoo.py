"""Small models written node by node, the way a reader would write them.

Each function returns (loss, inputs, parameters) of one example.
"""

import math
import struct
from random import Random

import autograd as ag
from autograd import Value, dot, log_softmax, logsumexp, maximum, mean, softmax, take, total, where
from tests.benchmarks.steps import end_of_pendulum


def run_as_tapes(patch):
    """Let programs run as tapes that would run as matrices."""
    patch.setattr("autograd.program.executors.registry.is_irregular", lambda nodes, groups: True)


def single(number):
    """Return a leaf whose number single precision holds too."""
    return Value(struct.unpack("f", struct.pack("f", number))[0])


class Leaves:
    """Draws parameters and inputs and remembers them."""

    def __init__(self, seed):
        self.rng = Random(seed)
        self.inputs, self.parameters = [], []

    def weights(self, n, scale=0.7):
        leaves = [single(self.rng.gauss(0, scale)) for _ in range(n)]
        self.parameters += leaves
        return leaves

    def matrix(self, rows, columns, scale=0.7):
        return [self.weights(columns, scale) for _ in range(rows)]

    def data(self, n):
        leaves = [single(self.rng.gauss(0, 1)) for _ in range(n)]
        self.inputs += leaves
        return leaves

    def result(self, loss):
        return loss, self.inputs, self.parameters


def pendulum(leaves, steps=40, h=0.05):
    """The end of a damped pendulum after steps of Runge and Kutta's fourth order."""
    return end_of_pendulum(ag, *leaves.weights(4), steps, h)


def dense(leaves, xs, fan_out, g=ag.tanh):
    return [g(dot(leaves.weights(len(xs)), xs, leaves.weights(1)[0])) for _ in range(fan_out)]


def identity(z):
    return z


def half_squared(outputs, targets):
    return 0.5 * sum((a - y) ** 2 for a, y in zip(outputs, targets, strict=True))


def mlp(g=ag.tanh, sizes=(2, 5, 4, 2), seed=0):
    leaves = Leaves(seed)
    a, y = leaves.data(sizes[0]), leaves.data(sizes[-1])
    for fan_out in sizes[1:-1]:
        a = dense(leaves, a, fan_out, g)
    return leaves.result(half_squared(dense(leaves, a, sizes[-1], identity), y))


def classifier(seed=0):
    """Softmax cross entropy with the class among the inputs (a number 0, 1 or 2)."""
    leaves = Leaves(seed)
    x = leaves.data(4)
    label = Value(1.0)
    leaves.inputs.append(label)
    logits = dense(leaves, dense(leaves, x, 6), 3, identity)
    return leaves.result(logsumexp(logits) - take(logits, label))


def rnn(seed=1, steps=4):
    leaves = Leaves(seed)
    wx, wh, b = leaves.matrix(3, 2), leaves.matrix(3, 3), leaves.weights(3)
    h = [0.0, 0.0, 0.0]
    for _ in range(steps):
        x = leaves.data(2)
        h = [ag.tanh(dot(wx[j], x) + dot(wh[j], h) + b[j]) for j in range(3)]
    return leaves.result(half_squared(h, leaves.data(3)))


def lstm(seed=2, steps=3, n=2):
    leaves = Leaves(seed)
    gates = [(leaves.matrix(n, 2), leaves.matrix(n, n), leaves.weights(n)) for _ in range(4)]
    h, c = [Value(0.0)] * n, [Value(0.0)] * n
    for _ in range(steps):
        x = leaves.data(2)
        i, f, o, g = ([dot(w[j], x) + dot(u[j], h) + b[j] for j in range(n)] for w, u, b in gates)
        c = [f[j].sigmoid() * c[j] + i[j].sigmoid() * g[j].tanh() for j in range(n)]
        h = [o[j].sigmoid() * c[j].tanh() for j in range(n)]
    return leaves.result(half_squared(h, leaves.data(n)))


def convolution(seed=3):
    """Two channels of 3 by 3 over an image of 6 by 6, then pooling and a dense unit."""
    leaves = Leaves(seed)
    image = [leaves.data(6) for _ in range(6)]
    maps = []
    for _ in range(2):
        kernel, (b,) = leaves.matrix(3, 3), leaves.weights(1)
        maps.append([
            [
                sum(
                    (kernel[p][q] * image[r + p][s + q] for p in range(3) for q in range(3)), b
                ).relu()
                for s in range(4)
            ]
            for r in range(4)
        ])  # fmt: skip
    pooled = [
        mean([m[2 * r + p][2 * s + q] for p in range(2) for q in range(2)])
        for m in maps for r in range(2) for s in range(2)
    ]  # fmt: skip
    return leaves.result(half_squared(dense(leaves, pooled, 1), leaves.data(1)))


def attention(seed=4, tokens=4, width=3):
    leaves = Leaves(seed)
    x = [leaves.data(width) for _ in range(tokens)]
    wq, wk, wv = (leaves.matrix(width, width) for _ in range(3))
    q, k, v = ([[dot(row, token) for row in w] for token in x] for w in (wq, wk, wv))
    out = []
    for t in range(tokens):
        scores = [dot(q[t], k[s]) / math.sqrt(width) for s in range(t + 1)]
        p = softmax(scores)
        out.append([sum(p[s] * v[s][d] for s in range(t + 1)) for d in range(width)])
    return leaves.result(sum(dot(row, row) for row in out))


def ragged(seed=13):
    """Rows of one to five members: what has lanes, and what parameters alone reach."""
    leaves = Leaves(seed)
    x, w = leaves.data(5), leaves.weights(5)
    products = [a * b for a, b in zip(x, w, strict=True)]
    rows = [row[:n] for row in (products, w, x) for n in (5, 1, 3, 2, 4)]
    terms = [logsumexp(row) * softmax(row)[-1] + log_softmax(row)[0] for row in rows]
    return leaves.result(mean(terms) + logsumexp(terms[:7]))


def embedding(seed=5, words=5, width=3):
    leaves = Leaves(seed)
    table = leaves.matrix(words, width)
    word, label = Value(2.0), Value(1.0)
    leaves.inputs += [word, label]
    vector = [take([row[d] for row in table], word) for d in range(width)]
    logits = dense(leaves, vector, words, identity)
    return leaves.result(-take(log_softmax(logits), label))


def dropout(seed=6):
    leaves = Leaves(seed)
    hidden = dense(leaves, leaves.data(3), 8)
    kept = [a * (2.0 if leaves.rng.random() < 0.5 else 0.0) for a in hidden]
    return leaves.result(half_squared(dense(leaves, kept, 2), leaves.data(2)))


def penalised(seed=7):
    loss, inputs, parameters = mlp(seed=seed)
    return loss + 0.01 * sum(w**2 for w in parameters), inputs, parameters


def skips(seed=8):
    leaves = Leaves(seed)
    a = leaves.data(4)
    for _ in range(3):
        a = [x + h for x, h in zip(a, dense(leaves, a, 4), strict=True)]
    return leaves.result(half_squared(a, leaves.data(4)))


def experts(seed=9):
    leaves = Leaves(seed)
    x = leaves.data(3)
    gate = softmax(dense(leaves, x, 3, identity))
    outputs = [dense(leaves, dense(leaves, x, 4), 1, identity)[0] for _ in range(3)]
    return leaves.result(half_squared([dot(gate, outputs)], leaves.data(1)))


def bodies(seed=10, n=4):
    """One leapfrog step of n bodies in the plane, and the energy after it."""
    leaves = Leaves(seed)
    position, velocity = [leaves.data(2) for _ in range(n)], [leaves.data(2) for _ in range(n)]
    mass, h = [m * m + 0.5 for m in leaves.weights(n)], 0.01
    after = []
    for i in range(n):
        pull = [0.0, 0.0]
        for j in range(n):
            if i != j:
                d = [position[j][c] - position[i][c] for c in range(2)]
                near = (d[0] * d[0] + d[1] * d[1] + 0.1) ** -1.5
                pull = [pull[c] + mass[j] * d[c] * near for c in range(2)]
        v = [velocity[i][c] + h * pull[c] for c in range(2)]
        after.append(0.5 * mass[i] * (v[0] * v[0] + v[1] * v[1]))
    return leaves.result(total(after))


def chain(seed=11, depth=200):
    leaves = Leaves(seed)
    a = leaves.data(2)
    for _ in range(depth):
        w = leaves.weights(4)
        a = [ag.tanh(w[0] * a[0] + w[1] * a[1]), ag.tanh(w[2] * a[0] - w[3] * a[1])]
    return leaves.result(a[0] * a[1] + a[0])


def kinks(seed=12):
    leaves = Leaves(seed)
    x = leaves.data(6)
    w = leaves.weights(6)
    terms = [maximum(a, b) * where(b, a, 2.0) for a, b in zip(x, w, strict=True)]
    terms += [ag.clip(a * b, -0.5, w[0]) + abs(a) for a, b in zip(x, w, strict=True)]
    return leaves.result(mean(terms) + logsumexp([*terms, 1.0]) + softmax([terms[0], 0.0])[1])


def tangle(seed, size=60):
    """A random graph of smooth operations."""
    leaves = Leaves(seed)
    rng = leaves.rng
    pool = leaves.data(3) + leaves.weights(4)
    operations = [
        lambda a, b: a + b, lambda a, b: a * b * 0.5, lambda a, b: a - b,
        lambda a, b: a / (1.5 + b * b), lambda a, b: a + 1.0, lambda a, b: 0.3 - a,
        lambda a, b: ag.tanh(a), lambda a, b: ag.sin(a), lambda a, b: ag.erf(a),
        lambda a, b: ag.exp(-a * a), lambda a, b: ag.log1p(a * a),
        lambda a, b: (a * a + 1.0) ** -0.5, lambda a, b: ag.atan2(a, b + 3.0),
        lambda a, b: dot((a, b, 0.5), (b, b, a), a),
    ]  # fmt: skip
    for _ in range(size):
        pool.append(rng.choice(operations)(rng.choice(pool), rng.choice(pool)))
    return leaves.result(total(pool) / len(pool))


def thicket(seed, size=40):
    """A random graph with choices and rows, whose operands differ in what reaches them."""
    leaves = Leaves(seed)
    rng = leaves.rng
    pool = leaves.data(rng.randint(1, 4)) + leaves.weights(rng.randint(1, 5))
    operations = [
        lambda a, b, c: softmax([a, b, c, 0.1])[1], lambda a, b, c: log_softmax([a, b])[0] * 0.3,
        lambda a, b, c: logsumexp([a, b, c]), lambda a, b, c: take([a, b, c], Value(1.0)),
        lambda a, b, c: maximum(a, b), lambda a, b, c: where(ag.heaviside(a), b, c),
        lambda a, b, c: mean([a, b, c]), lambda a, b, c: total([a, b, a]) * 0.4,
        lambda a, b, c: sum([a * b, b * c, c * a]) * 0.3, lambda a, b, c: ag.tanh(a - b),
        lambda a, b, c: a / (1.5 + b * b),
    ]  # fmt: skip
    for _ in range(size):
        pool.append(rng.choice(operations)(*(rng.choice(pool) for _ in range(3))))
    return leaves.result(mean(pool[-8:]))


def swing():
    leaves = Leaves(0)
    return leaves.result(pendulum(leaves))


def recurrence():
    """Numbers of every time are asked for after the loop, and those of two times before in it."""
    leaves = Leaves(1)
    w, h = leaves.weights(3), [0.0, 0.1]
    for x in leaves.data(50):
        h.append(ag.tanh(w[0] * h[-1] + w[1] * h[-2] + w[2] * x))
    return leaves.result(total([a * a for a in h[2:]]) + h[-3] * h[10])


SERIAL = {"pendulum": swing, "recurrence": recurrence, "chain": chain}
ZOO = {
    "mlp": mlp, "classifier": classifier, "rnn": rnn, "lstm": lstm,
    "convolution": convolution, "attention": attention, "ragged": ragged, "embedding": embedding,
    "dropout": dropout, "penalised": penalised, "skips": skips, "experts": experts,
    "bodies": bodies, "chain": chain, "kinks": kinks,
    **{f"thicket{k}": lambda k=k: thicket(k) for k in range(12)},
    **{f"tangle{k}": lambda k=k: tangle(k) for k in range(12)},
}  # fmt: skip
