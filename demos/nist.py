"""Nonlinear regression problems of NIST's Statistical Reference Datasets (StRD).

Source: National Institute of Standards and Technology, Statistical Reference Datasets,
Nonlinear Least Squares Regression, https://www.itl.nist.gov/div898/strd/nls/nls_main.shtml.
Data, both starts, certified parameters and residual sums of squares as printed there, to
eleven digits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from autograd import exp


@dataclass(frozen=True)
class Problem:
    """y ≈ model(b, x), fitted by least squares."""

    name: str
    formula: str
    model: Callable[[Sequence[Any], float], Any]
    x: tuple[float, ...]
    y: tuple[float, ...]
    starts: tuple[tuple[float, ...], tuple[float, ...]]
    certified: tuple[float, ...]
    sum_of_squares: float

    def residuals(self, b: Sequence[Any]) -> list[Any]:
        """Return model(b, xᵢ) - yᵢ for each observation."""
        return [self.model(b, x) - y for x, y in zip(self.x, self.y, strict=True)]

    def loss(self, b: Sequence[Any]) -> Any:
        """Return the sum of the squared residuals."""
        return sum(r * r for r in self.residuals(b))


def ratio_of_cubics(b: Sequence[Any], x: float) -> Any:
    above = b[0] + b[1] * x + b[2] * x**2 + b[3] * x**3
    return above / (1 + b[4] * x + b[5] * x**2 + b[6] * x**3)


MISRA1A = Problem(
    "Misra1a",
    "b1 (1 - exp(-b2 x))",
    lambda b, x: b[0] * (1 - exp(-b[1] * x)),
    x=(77.6, 114.9, 141.1, 190.8, 239.9, 289.0, 332.8, 378.4, 434.8, 477.3, 536.8, 593.1, 689.1,
       760.0),
    y=(10.07, 14.73, 17.94, 23.93, 29.61, 35.18, 40.02, 44.82, 50.76, 55.05, 61.01, 66.40, 75.47,
       81.78),
    starts=((500.0, 0.0001), (250.0, 0.0005)),
    certified=(2.3894212918e02, 5.5015643181e-04),
    sum_of_squares=1.2455138894e-01,
)  # fmt: skip

MGH09 = Problem(
    "MGH09",
    "b1 (x² + b2 x) / (x² + b3 x + b4)",
    lambda b, x: b[0] * (x**2 + b[1] * x) / (x**2 + b[2] * x + b[3]),
    x=(4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625),
    y=(0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246),
    starts=((25.0, 39.0, 41.5, 39.0), (0.25, 0.39, 0.415, 0.39)),
    certified=(1.9280693458e-01, 1.9128232873e-01, 1.2305650693e-01, 1.3606233068e-01),
    sum_of_squares=3.0750560385e-04,
)

MGH10 = Problem(
    "MGH10",
    "b1 exp(b2 / (x + b3))",
    lambda b, x: b[0] * exp(b[1] / (x + b[2])),
    x=tuple(50.0 + 5.0 * k for k in range(16)),
    y=(34780.0, 28610.0, 23650.0, 19630.0, 16370.0, 13720.0, 11540.0, 9744.0, 8261.0, 7030.0,
       6005.0, 5147.0, 4427.0, 3820.0, 3307.0, 2872.0),
    starts=((2.0, 400000.0, 25000.0), (0.02, 4000.0, 250.0)),
    certified=(5.6096364710e-03, 6.1813463463e03, 3.4522363462e02),
    sum_of_squares=8.7945855171e01,
)  # fmt: skip

MGH17 = Problem(
    "MGH17",
    "b1 + b2 exp(-b4 x) + b3 exp(-b5 x)",
    lambda b, x: b[0] + b[1] * exp(-b[3] * x) + b[2] * exp(-b[4] * x),
    x=tuple(10.0 * k for k in range(33)),
    y=(0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685,
       0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448,
       0.438, 0.431, 0.424, 0.420, 0.414, 0.411, 0.406),
    starts=((50.0, 150.0, -100.0, 1.0, 2.0), (0.5, 1.5, -1.0, 0.01, 0.02)),
    certified=(3.7541005211e-01, 1.9358469127e00, -1.4646871366e00, 1.2867534640e-02,
               2.2122699662e-02),
    sum_of_squares=5.4648946975e-05,
)  # fmt: skip

RAT43 = Problem(
    "Rat43",
    "b1 / (1 + exp(b2 - b3 x))^(1/b4)",
    lambda b, x: b[0] / (1 + exp(b[1] - b[2] * x)) ** (1 / b[3]),
    x=tuple(float(k) for k in range(1, 16)),
    y=(16.08, 33.83, 65.80, 97.20, 191.55, 326.20, 386.87, 520.53, 590.03, 651.92, 724.93, 699.56,
       689.96, 637.56, 717.41),
    starts=((100.0, 10.0, 1.0, 1.0), (700.0, 5.0, 0.75, 1.3)),
    certified=(6.9964151270e02, 5.2771253025e00, 7.5962938329e-01, 1.2792483859e00),
    sum_of_squares=8.7864049080e03,
)  # fmt: skip

THURBER = Problem(
    "Thurber",
    "(b1 + b2 x + b3 x² + b4 x³) / (1 + b5 x + b6 x² + b7 x³)",
    ratio_of_cubics,
    x=(-3.067, -2.981, -2.921, -2.912, -2.840, -2.797, -2.702, -2.699, -2.633, -2.481, -2.363,
       -2.322, -1.501, -1.460, -1.274, -1.212, -1.100, -1.046, -0.915, -0.714, -0.566, -0.545,
       -0.400, -0.309, -0.109, -0.103, 0.010, 0.119, 0.377, 0.790, 0.963, 1.006, 1.115, 1.572,
       1.841, 2.047, 2.200),
    y=(80.574, 84.248, 87.264, 87.195, 89.076, 89.608, 89.868, 90.101, 92.405, 95.854, 100.696,
       101.060, 401.672, 390.724, 567.534, 635.316, 733.054, 759.087, 894.206, 990.785, 1090.109,
       1080.914, 1122.643, 1178.351, 1260.531, 1273.514, 1288.339, 1327.543, 1353.863, 1414.509,
       1425.208, 1421.384, 1442.962, 1464.350, 1468.705, 1447.894, 1457.628),
    starts=((1000.0, 1000.0, 400.0, 40.0, 0.7, 0.3, 0.03),
            (1300.0, 1500.0, 500.0, 75.0, 1.0, 0.4, 0.05)),
    certified=(1.2881396800e03, 1.4910792535e03, 5.8323836877e02, 7.5416644291e01,
               9.6629502864e-01, 3.9797285797e-01, 4.9727297349e-02),
    sum_of_squares=5.6427082397e03,
)  # fmt: skip

PROBLEMS = (MISRA1A, MGH09, MGH10, MGH17, RAT43, THURBER)
