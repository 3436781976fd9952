"""Where were the cameras, and where is what they saw? Bundle adjustment with a sparse Jacobian.

    python demos/11_bundle_adjustment.py

Each of some cameras sees some of many points; the model is that of ADBench and of Ceres: rotation
about an axis, pinhole, two terms of radial distortion. Each error depends on one camera and one
point, so the Jacobian is nearly empty: its pattern is read off the graph, columns are coloured, a
few sweeps give it all, and scipy's least squares takes it as it is.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # run from anywhere

import numpy as np
from scipy.optimize import least_squares

from autograd import cos, dot, jacobian, jit, sin, sqrt

CAMERAS, POINTS, SEEN_BY = 8, 120, 3
OF_CAMERA, OF_POINT = 9, 3  # rotation, place, focal length, distortion; place
NOISE = 0.5  # pixels


def rotated(r: Sequence[Any], x: Sequence[Any]) -> list[Any]:
    """Return x turned by |r| about r."""
    angle = sqrt(dot(r, r))
    a = [component / angle for component in r]
    along, c, s = dot(a, x), cos(angle), sin(angle)
    around = [a[1] * x[2] - a[2] * x[1], a[2] * x[0] - a[0] * x[2], a[0] * x[1] - a[1] * x[0]]
    return [c * x[k] + s * around[k] + (1.0 - c) * along * a[k] for k in range(3)]


def projected(camera: Sequence[Any], point: Sequence[Any]) -> list[Any]:
    """Return the pixel where a camera sees a point."""
    x = rotated(camera[:3], point)
    u, v, w = (x[k] + camera[3 + k] for k in range(3))
    u, v = u / w, v / w
    square = u * u + v * v
    focal = camera[6] * (1.0 + camera[7] * square + camera[8] * square * square)
    return [focal * u, focal * v]


def scene(rng: np.random.Generator) -> tuple[Any, list[tuple[int, int]], Any]:
    """Return all unknowns as they are, who sees what, and the pixels that were seen."""
    lens = [800.0, -0.1, 0.02]
    turns = rng.normal(scale=0.3, size=(CAMERAS, 3))
    cameras = [[*turn, *rng.normal(scale=0.2, size=2), 8.0, *lens] for turn in turns]
    points = rng.normal(size=(POINTS, 3))
    seen = [(int(c), p) for p in range(POINTS) for c in rng.permutation(CAMERAS)[:SEEN_BY]]
    pixels = np.array([projected(cameras[c], points[p].tolist()) for c, p in seen])
    return np.concatenate([np.ravel(cameras), points.ravel()]), seen, pixels


def errors(unknowns: Any, seen: list[tuple[int, int]], pixels: Any) -> Any:
    """Return how far each pixel is from where the model has it."""
    split = CAMERAS * OF_CAMERA
    cameras, points = (
        unknowns[:split].reshape(-1, OF_CAMERA),
        unknowns[split:].reshape(-1, OF_POINT),
    )
    models = (projected(cameras[c], points[p]) for c, p in seen)
    return np.array([a - b for model, pixel in zip(models, pixels, strict=True)
                     for a, b in zip(model, pixel, strict=True)])  # fmt: skip


def main() -> None:
    rng = np.random.default_rng(0)
    truth, seen, pixels = scene(rng)
    pixels = pixels + rng.normal(scale=NOISE, size=pixels.shape)
    start = truth + rng.normal(scale=0.02, size=truth.shape) * np.maximum(abs(truth), 1.0)

    residuals = jit(lambda unknowns: errors(unknowns, seen, pixels))
    derivative = jacobian(residuals, sparse=True)
    for name in ("recorded", "compiled", "replayed"):
        began = time.perf_counter()
        matrix = derivative(start)
        print(f"{name}: {1e3 * (time.perf_counter() - began):8.1f} ms")
    m, n = matrix.shape
    print(f"Jacobian {m} x {n}, {matrix.nnz} entries: {matrix.nnz / (m * n):.1%} of it")

    began = time.perf_counter()
    found = least_squares(residuals, start, derivative, x_scale="jac", method="trf")
    took = time.perf_counter() - began
    before, after = (np.sqrt(np.mean(residuals(x) ** 2)) for x in (start, found.x))
    free = np.sqrt(1.0 - (n - 7) / m)  # 7: where the whole scene is, its turn and its size
    print(f"error of a pixel {before:.1f} → {after:.3f}; the noise would leave {NOISE * free:.3f}")
    print(f"{found.njev} Jacobians and all else in {took:.2f} s")


if __name__ == "__main__":
    main()
