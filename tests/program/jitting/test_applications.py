"""Programs of the trade, against numbers that were found otherwise.

Bundle adjustment and hand tracking are problems of ADBench (Srajer, Kukelova & Fitzgibbon, A
benchmark of selected algorithmic differentiation tools, 2018), whose formulas are written twice
here: for the engine, one number at a time, and with arrays of NumPy, to be differentiated by
complex steps, Im f(x + ih) / h, which are exact to rounding.
"""

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import NonlinearConstraint, minimize

from autograd import cos, dot, exp, grad, hessian, jacobian, jit, log, sin, sqrt, value_and_grad

RNG = np.random.default_rng(3)


def complex_steps(f, x, step=1e-30):
    """Return the Jacobian of a function of complex arrays, a column for each step."""
    columns = [np.imag(f(x + 1j * step * one)) / step for one in np.eye(len(x))]
    return np.array(columns).T


# --- bundle adjustment -----------------------------------------------------------------------

CAMERA, POINT = 11, 3  # rotation, centre, focal length, principal point, two of distortion


def cross(a, b):
    return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]


def rotated(r, x):
    """Return x turned by |r| about r (Rodrigues)."""
    angle = sqrt(dot(r, r))
    axis = [a / angle for a in r]
    along, around = dot(axis, x), cross(axis, x)
    c, s = cos(angle), sin(angle)
    return [c * x[k] + s * around[k] + (1.0 - c) * along * axis[k] for k in range(3)]


def reprojection(camera, point, weight, feature):
    """Return the two errors of a point seen by a camera."""
    x = rotated(camera[:3], [point[k] - camera[3 + k] for k in range(3)])
    u, v = x[0] / x[2], x[1] / x[2]
    square = u * u + v * v
    bent = 1.0 + camera[9] * square + camera[10] * square * square
    return [
        weight * (camera[6] * bent * p + camera[7 + k] - feature[k]) for k, p in enumerate((u, v))
    ]


def reprojection_of_arrays(camera, point, weight, feature):
    r, x = camera[:3], point - camera[3:6]
    angle = np.sqrt((r * r).sum())
    axis = r / angle
    skew = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    x = x + np.sin(angle) * skew @ x + (1 - np.cos(angle)) * skew @ (skew @ x)
    p = x[:2] / x[2]
    square = (p * p).sum()
    bent = 1 + camera[9] * square + camera[10] * square**2
    return weight * (camera[6] * bent * p + camera[7:9] - feature)


def scene(cameras, points):
    """Return a problem in which each camera sees some points: its numbers, who sees what."""
    one = np.concatenate([RNG.normal(size=3) * 0.3, [0, 0, -8.0], [500.0, 3.0, -2.0, 0.1, 0.02]])
    numbers = [one + 0.05 * RNG.normal(size=CAMERA) for _ in range(cameras)]
    numbers += list(RNG.normal(size=(points, POINT)))
    seen = [(c, p) for c in range(cameras) for p in range(points) if (c + p) % 3 or c == p]
    features = RNG.normal(size=(len(seen), 2)) * 50.0
    weights = RNG.uniform(0.5, 1.5, len(seen))
    return np.concatenate([*numbers, weights]), seen, features


def bundle(x, seen, features, cameras, points, error, array):
    """Return all reprojection errors, and 1 - w² of every weight."""
    split = cameras * CAMERA
    rest = split + points * POINT
    found, weights = [], x[rest:]
    for k, (c, p) in enumerate(seen):
        camera = x[c * CAMERA : (c + 1) * CAMERA]
        point = x[split + p * POINT : split + (p + 1) * POINT]
        found += list(error(camera, point, weights[k], features[k]))
    return array([*found, *(1.0 - w * w for w in weights)])


def test_the_jacobian_of_bundle_adjustment():
    cameras, points = 4, 9
    x, seen, features = scene(cameras, points)
    fixed = seen, features, cameras, points
    fast = jit(lambda x: bundle(x, *fixed, reprojection, np.array))
    expected = complex_steps(lambda x: bundle(x, *fixed, reprojection_of_arrays, np.array), x)
    sparse = jacobian(fast, sparse=True)
    for _ in range(2):
        found = sparse(x)
        scale = abs(expected).max(axis=0)
        np.testing.assert_allclose(found.toarray() / scale, expected / scale, atol=1e-12)
    assert found.nnz == len(seen) * (2 * (CAMERA - 1 + POINT + 1) + 1)  # each its own centre
    np.testing.assert_allclose(jacobian(fast)(x) / scale, expected / scale, atol=1e-12)


# --- hand tracking ---------------------------------------------------------------------------

BONES = 5  # of one finger, each with a bend and a spread


def hand(theta, offsets, skin, numbers):
    """Return vertices that a chain of bones carries, each by a blend of their motions.

    Bone k turns by its two angles and shifts along its own axis; a vertex is the mean of where
    each bone would take it, weighted by `skin`.
    """
    sine, cosine, array = numbers
    turn = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    shift = [0.0, 0.0, 0.0]
    frames = []
    for k in range(BONES):
        (a, b), c = (sine(theta[2 * k]), sine(theta[2 * k + 1])), cosine(theta[2 * k])
        d = cosine(theta[2 * k + 1])
        bone = [[d, -b, 0.0], [c * b, c * d, -a], [a * b, a * d, c]]
        shift = [shift[i] + turn[i][0] * 1.5 for i in range(3)]
        turn = [
            [sum(turn[i][m] * bone[m][j] for m in range(3)) for j in range(3)] for i in range(3)
        ]
        frames.append((turn, shift))
    found = []
    for x, weights in zip(offsets, skin, strict=True):
        for i in range(3):
            parts = [
                w * (sum(turn[i][j] * x[j] for j in range(3)) + shift[i])
                for w, (turn, shift) in zip(weights, frames, strict=True)
                if w
            ]
            found.append(sum(parts[1:], parts[0]))
    return array(found)


def test_the_jacobian_of_hand_tracking():
    offsets = RNG.normal(size=(30, 3)).tolist()
    skin = np.zeros((30, BONES))
    for row in skin:
        first = RNG.integers(BONES - 1)
        row[first : first + 2] = RNG.dirichlet([1.0, 1.0])
    theta = RNG.normal(size=2 * BONES) * 0.4
    fast = jit(lambda t: hand(t, offsets, skin.tolist(), (sin, cos, np.array)))
    expected = complex_steps(
        lambda t: hand(t, offsets, skin.tolist(), (np.sin, np.cos, np.array)), theta
    )
    for _ in range(2):
        np.testing.assert_allclose(jacobian(fast)(theta), expected, atol=1e-12)
        np.testing.assert_allclose(
            jacobian(fast, sparse=True)(theta).toarray(), expected, atol=1e-12
        )
    v = RNG.normal(size=(6, 2 * BONES))
    rows = jacobian(fast).map(theta + 0.1 * v)
    np.testing.assert_allclose(
        rows[3],
        complex_steps(
            lambda t: hand(t, offsets, skin.tolist(), (np.sin, np.cos, np.array)),
            theta + 0.1 * v[3],
        ),
        atol=1e-12,
    )


# --- mechanics -------------------------------------------------------------------------------

G = 9.81


def lagrangian(q, v):
    """Return T - V of a double pendulum of two unit masses on unit rods."""
    kinetic = v[0] * v[0] + 0.5 * v[1] * v[1] + v[0] * v[1] * cos(q[0] - q[1])
    return kinetic + G * (2.0 * cos(q[0]) + cos(q[1]))


def accelerations(q, v, derivatives):
    """Return q'' from d/dt ∂L/∂v = ∂L/∂q, that is M q'' = ∂L/∂q - (∂²L/∂v∂q) v."""
    force, mass, mixed = (f(q, v) for f in derivatives)
    return np.linalg.solve(mass, force - mixed @ v)


def test_a_lagrangian_gives_the_equations_of_motion():
    """Textbook accelerations of the double pendulum, and an energy that is kept."""
    fast = jit(lagrangian)
    derivatives = grad(fast), hessian(fast, 1), jacobian(grad(fast, 1), 0)
    for _ in range(5):
        q, v = RNG.normal(size=2), RNG.normal(size=2)
        d = q[0] - q[1]
        below = 2.0 - np.cos(d) ** 2
        first = (
            -np.sin(d) * (v[0] ** 2 * np.cos(d) + v[1] ** 2)
            + G * (np.sin(q[1]) * np.cos(d) - 2.0 * np.sin(q[0]))
        ) / below
        second = (
            np.sin(d) * (2.0 * v[0] ** 2 + v[1] ** 2 * np.cos(d))
            + 2.0 * G * (np.sin(q[0]) * np.cos(d) - np.sin(q[1]))
        ) / below
        np.testing.assert_allclose(accelerations(q, v, derivatives), [first, second], rtol=1e-11)

    def motion(t, y):
        return np.concatenate([y[2:], accelerations(y[:2], y[2:], derivatives)])

    path = solve_ivp(motion, (0.0, 2.0), [2.0, 1.0, 0.0, 0.0], rtol=1e-10, atol=1e-12)
    energy = [
        v @ grad(fast, 1)(q, v) - fast(q, v)
        for q, v in zip(path.y[:2].T, path.y[2:].T, strict=True)
    ]
    np.testing.assert_allclose(energy, energy[0], rtol=1e-8)


# --- optimal control -------------------------------------------------------------------------


def test_optimal_control_by_collocation():
    """A unit mass from rest to rest over distance 1 in time 1 with the least ∫u² dt.

    The exact u = 6 - 12t costs 12, x = 3t² - 2t³. The midpoint rule, x' = v, v' = u at the middle
    of n steps, costs 12 / (1 - 1/n²): the sum of u is 0 and that of its moments is 1.
    """
    n = 20
    h = 1.0 / n

    def defects(z):
        x, v, u = z[: n + 1], z[n + 1 : 2 * n + 2], z[2 * n + 2 :]
        rows = [x[k + 1] - x[k] - 0.5 * h * (v[k] + v[k + 1]) for k in range(n)]
        rows += [v[k + 1] - v[k] - h * u[k] for k in range(n)]
        return np.array([*rows, x[0], v[0], x[n], v[n]])

    cost = jit(lambda z: h * sum(u * u for u in z[2 * n + 2 :]))
    rules = jit(defects)
    aim = np.zeros(2 * n + 4)
    aim[2 * n + 2] = 1.0
    constraint = NonlinearConstraint(
        rules, aim, aim, jac=jacobian(rules, sparse=True),
        hess=lambda z, w: hessian(cost, sparse=True)(z) * 0.0,
    )  # fmt: skip
    found = minimize(
        cost, np.zeros(3 * n + 2), jac=grad(cost), hess=hessian(cost, sparse=True),
        method="trust-constr", constraints=constraint, options={"gtol": 1e-12, "xtol": 1e-14},
    )  # fmt: skip
    assert found.fun == pytest.approx(12.0 / (1.0 - h * h), rel=1e-8)
    middle = (np.arange(n) + 0.5) * h
    np.testing.assert_allclose(found.x[2 * n + 2 :], (6 - 12 * middle) / (1 - h * h), atol=1e-6)
    assert jacobian(rules, sparse=True)(found.x).nnz == 4 * n + 3 * n + 4


# --- a Gaussian process ----------------------------------------------------------------------


def cholesky(matrix):
    """Return the lower triangle L of matrix = L Lᵀ, row by row."""
    lower = []
    for i, row in enumerate(matrix):
        found = []
        for j in range(i + 1):
            rest = row[j] - dot(found[:j], (lower[j] if j < i else found)[:j])
            found.append(sqrt(rest) if i == j else rest / lower[j][j])
        lower.append(found)
    return lower


def likelihood(theta, t, y):
    """Return -log p(y) of a process whose kernel is a² exp(-(s-t)²/2l²) + s² [s = t], for
    theta = (log a, log l, log s)."""
    a, width, noise = (exp(2.0 * x) for x in theta)
    rows = [
        [
            a * exp(-((t[i] - t[j]) ** 2) / (2.0 * width)) + (noise if i == j else 0.0)
            for j in range(i + 1)
        ]
        for i in range(len(t))
    ]
    lower, z = cholesky(rows), []
    for i, row in enumerate(lower):
        z.append((y[i] - dot(row[:i], z)) / row[i])
    logs = sum(log(row[i]) for i, row in enumerate(lower))
    return 0.5 * dot(z, z) + logs + 0.5 * len(t) * np.log(2.0 * np.pi)


def test_the_likelihood_of_a_gaussian_process():
    """-∂ log p/∂θ = ½ tr((K⁻¹ - α αᵀ) ∂K/∂θ), α = K⁻¹ y (Rasmussen & Williams 2006, eq. 5.9)."""
    t = np.sort(RNG.uniform(0.0, 4.0, 12))
    y = np.sin(t) + 0.1 * RNG.normal(size=12)
    fast = value_and_grad(jit(likelihood))
    apart = (t[:, None] - t) ** 2
    for theta in ([0.1, -0.3, -1.0], [0.1, -0.3, -1.0], [-0.2, 0.4, -2.0]):
        a, width, noise = np.exp(2.0 * np.array(theta))
        smooth = a * np.exp(-apart / (2.0 * width))
        factor = cho_factor(smooth + noise * np.eye(12), lower=True)
        alpha, inverse = cho_solve(factor, y), cho_solve(factor, np.eye(12))
        expected = 0.5 * y @ alpha + np.log(np.diag(factor[0])).sum() + 6.0 * np.log(2.0 * np.pi)
        slopes = [2.0 * smooth, smooth * apart / width, 2.0 * noise * np.eye(12)]
        value, gradient = fast(theta, t, y)
        assert value == pytest.approx(expected, rel=1e-11)
        by_hand = [0.5 * ((inverse - np.outer(alpha, alpha)) * slope).sum() for slope in slopes]
        np.testing.assert_allclose(gradient, by_hand, rtol=1e-9)
