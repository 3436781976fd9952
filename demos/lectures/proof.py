"""The proof that lecture 0 postpones: the error of a hidden unit, derived by the engine.

Claim: δ^l_j = (Σ_k w^(l+1)_kj δ^(l+1)_k) σ'(z^l_j). Whatever C learns of z^l_j it learns through
the z^(l+1)_k, so by the chain rule

    δ^l_j = ∂C/∂z^l_j = Σ_k ∂C/∂z^(l+1)_k · ∂z^(l+1)_k/∂z^l_j

The engine differentiates z^(l+1)_k by z^l_j with every weight a symbol, multiplies by symbols
for δ^(l+1)_k, adds up, and prints the formula that it got. The same steps are then done with the
numbers of a network, where each factor is compared.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from autograd import Explanation, Value, dot, explain, expression, gradients, sigmoid
from demos.lectures.claims import Claim
from demos.lectures.note_0 import Setting, sigma_prime


def symbols(name: str, count: int, layer: int) -> list[Value]:
    """Return leaves with names and with numbers that no formula depends on."""
    return [Value(0.3 + 0.2 * k, f"{name}{layer}[{k}]") for k in range(count)]


def layer_above(n: int = 2) -> tuple[list[Value], list[Value], list[list[Value]]]:
    """Return z1, z2 and w2 (target first) of two layers of n sigmoid units, all symbols."""
    z1 = symbols("z", n, 1)
    a1 = [sigmoid(z) for z in z1]
    for j, a in enumerate(a1):
        a.label = f"a1[{j}]"
    w2 = [[Value(0.1 + k + 0.5 * j, f"w2[{k},{j}]") for j in range(n)] for k in range(n)]
    z2 = [dot(row, a1, b) for row, b in zip(w2, symbols("b", n, 2), strict=True)]
    return z1, z2, w2


def on_symbols(n: int = 2) -> Iterator[tuple[str, str]]:
    """Yield each step of the proof for unit 0, and the formula the engine arrives at."""
    z1, z2, _ = layer_above(n)
    delta = symbols("δ", n, 2)
    for k, z in enumerate(z2):
        (partial,) = gradients(z, [z1[0]], build_graph=True)
        yield f"∂z2[{k}]/∂z1[0]", str(expression(partial))
    # C enters through its derivatives δ2[k] by z2[k] alone: Σ_k δ2[k] z2[k] has the same ones.
    (error,) = gradients(dot(delta, z2), [z1[0]], build_graph=True)
    yield "δ1[0] = Σ_k δ2[k] ∂z2[k]/∂z1[0]", str(expression(error))


def derivation(n: int = 2) -> Explanation:
    """Return the engine's own account of ∂C/∂z1[0]: a line of the chain rule for each node."""
    z1, z2, _ = layer_above(n)
    for k, z in enumerate(z2):
        z.label = f"z2[{k}]"
    cost = dot(symbols("δ", n, 2), z2)
    cost.label = "C"
    return explain(cost, z1[0])


def on_numbers(seed: int = 0) -> Iterator[Claim]:
    """Yield each factor of the proof in a network, beside the engine's number."""
    s = Setting(seed)
    for l in range(s.system.L - 1, 0, -1):
        here, above = s.layer(l).nodes, s.layer(l + 1).nodes
        by_a = np.array([gradients(z_k, here.a) for z_k in above.z])
        slope = np.array([gradients(a, [z])[0] for a, z in zip(here.a, here.z, strict=True)])
        by_z = np.array([gradients(z_k, here.z) for z_k in above.z])
        upper, lower = s.layer(l + 1).delta, s.layer(l).delta
        whole = (s.system.w[l + 1].T @ upper) * slope
        yield Claim("∂z^(l+1)_k/∂a^l_j = w^(l+1)_kj", s.system.w[l + 1], by_a, l)
        yield Claim("∂a^l_j/∂z^l_j = σ'(z^l_j)", sigma_prime(s.z[l])[:, 0], slope, l)
        yield Claim("∂z^(l+1)_k/∂z^l_j = w^(l+1)_kj σ'(z^l_j)", by_a * slope, by_z, l)
        yield Claim("δ^l_j = Σ_k δ^(l+1)_k ∂z^(l+1)_k/∂z^l_j", upper @ by_z, lower, l)
        yield Claim("δ^l = ((w^(l+1))ᵀ δ^(l+1)) ⊙ σ'(z^l)", whole, lower, l)
