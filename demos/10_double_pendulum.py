"""Mechanics from one scalar function: a double pendulum that is given by its Lagrangian.

    python demos/10_double_pendulum.py

Nobody writes an equation of motion. From L(q, v) = T - V, `grad`, `hessian` and a mixed
`jacobian` give d/dt ∂L/∂v = ∂L/∂q as M q'' = ∂L/∂q - (∂²L/∂v∂q) v, which scipy integrates. All
derivatives are compiled: `jit` records L once, and they follow from that recording.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from anywhere

import numpy as np
from scipy.integrate import solve_ivp

from autograd import cos, grad, hessian, jacobian, jit

G, SECONDS = 9.81, 4.0
Lagrangian = Callable[[Any, Any], Any]


def lagrangian(q: Any, v: Any) -> Any:
    """Return T - V of two unit masses on unit rods, with angles q from below and their rates v."""
    kinetic = v[0] * v[0] + 0.5 * v[1] * v[1] + v[0] * v[1] * cos(q[0] - q[1])
    return kinetic + G * (2.0 * cos(q[0]) + cos(q[1]))


def equations(L: Lagrangian) -> Callable[[float, Any], Any]:
    """Return d(q, v)/dt as a function of the time and of (q, v)."""
    force, mass, mixed = grad(L, 0), hessian(L, 1), jacobian(grad(L, 1), 0)

    def motion(t: float, state: Any) -> Any:
        q, v = np.split(state, 2)
        acceleration = np.linalg.solve(mass(q, v), force(q, v) - mixed(q, v) @ v)
        return np.concatenate([v, acceleration])

    return motion


def energy(L: Lagrangian, path: Any) -> Any:
    """Return v·∂L/∂v - L at each time, which nothing changes."""
    momentum = grad(L, 1)
    pairs = (np.split(state, 2) for state in path.T)
    return np.array([v @ momentum(q, v) - L(q, v) for q, v in pairs])


def main() -> None:
    start = [2.0, 1.0, 0.0, 0.0]
    paths = {}
    for name, L in (("node by node", lagrangian), ("compiled", jit(lagrangian))):
        began = time.perf_counter()
        found = solve_ivp(equations(L), (0.0, SECONDS), start, rtol=1e-10, atol=1e-12)
        took = time.perf_counter() - began
        paths[name] = found.y
        print(f"{name:>12}: {took:5.2f} s, {1e6 * took / found.nfev:6.0f} µs an evaluation")
    path = paths["compiled"]
    kept = energy(jit(lagrangian), path)
    print(f"energy {kept[0]:.6f}, kept to {abs(kept / kept[0] - 1.0).max():.1e} of it")
    print(
        f"both paths end at the same angles to {abs(path - paths['node by node'])[:, -1].max():.1e}"
    )
    print(f"after {SECONDS:g} s: q = {path[0, -1]:.4f}, {path[1, -1]:.4f}")


if __name__ == "__main__":
    main()
