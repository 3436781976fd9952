"""A well-known worked example, 2-2-2 with sigmoids, to every printed digit.

Source: M. Mazur, "A Step by Step Backpropagation Example" (2015). Inputs 0.05 and 0.10,
targets 0.01 and 0.99, w1 … w8 = 0.15 … 0.55, biases 0.35 and 0.60 shared within a layer,
E = Σ ½(t - o)², η = 0.5; the biases stay as they are.
"""

from __future__ import annotations

from typing import NamedTuple

from autograd import Value, gradients, sigmoid, total

INPUTS, TARGETS, ETA = (0.05, 0.10), (0.01, 0.99), 0.5
WEIGHTS = (0.15, 0.20, 0.25, 0.30, 0.40, 0.45, 0.50, 0.55)


class Printed(NamedTuple):
    """A number of the example: its name, its printed digits and ours."""

    name: str
    digits: str
    number: float

    @property
    def holds(self) -> bool:
        """Whether rounding our number to as many digits gives the printed ones."""
        decimals = len(self.digits.split(".")[1])
        return f"{self.number:.{decimals}f}" == self.digits


class Pass(NamedTuple):
    """One forward pass: w1 … w8, net and out of h1 h2 o1 o2, each output's error, E."""

    w: list[Value]
    net: dict[str, Value]
    out: dict[str, Value]
    errors: list[Value]
    E: Value


def forward(numbers: tuple[float, ...] = WEIGHTS) -> Pass:
    """Run the network; w1 w2 lead to h1, w3 w4 to h2, w5 w6 to o1, w7 w8 to o2."""
    w = [Value(number, f"w{k}") for k, number in enumerate(numbers, start=1)]
    i1, i2 = INPUTS
    net, out = {}, {}
    for k, unit in enumerate(("h1", "h2")):
        net[unit] = w[2 * k] * i1 + w[2 * k + 1] * i2 + 0.35
        out[unit] = sigmoid(net[unit])
    for k, unit in enumerate(("o1", "o2"), start=2):
        net[unit] = w[2 * k] * out["h1"] + w[2 * k + 1] * out["h2"] + 0.60
        out[unit] = sigmoid(net[unit])
    errors = [0.5 * (t - out[o]) ** 2 for t, o in zip(TARGETS, ("o1", "o2"), strict=True)]
    return Pass(w, net, out, errors, total(errors))


def gradient(numbers: tuple[float, ...] = WEIGHTS) -> list[float]:
    """Return ∂E/∂w1 … ∂E/∂w8."""
    run = forward(numbers)
    return gradients(run.E, run.w)  # type: ignore[no-any-return]


def step(numbers: tuple[float, ...] = WEIGHTS) -> tuple[float, ...]:
    """Return the weights after one step that uses one point for every derivative."""
    return tuple(w - ETA * g for w, g in zip(numbers, gradient(numbers), strict=True))


def step_with_updated_output_weights(numbers: tuple[float, ...] = WEIGHTS) -> tuple[float, ...]:
    """Return the weights after the published step, which updates w5 … w8 too early.

    The hidden δ is made with output weights that were already changed, and with the δ of
    the outputs from before: a mixture of two points, the gradient of neither.
    """
    run = forward(numbers)
    updated = step(numbers)
    delta = gradients(run.E, [run.net["o1"], run.net["o2"]])
    new = list(updated)
    for k, unit in enumerate(("h1", "h2")):
        arriving = delta[0] * updated[4 + k] + delta[1] * updated[6 + k]
        delta_h = arriving * run.out[unit].data * (1.0 - run.out[unit].data)
        for i, x in enumerate(INPUTS):
            new[2 * k + i] = numbers[2 * k + i] - ETA * delta_h * x
    return tuple(new)


PRINTED_AFTER = "0.291027924"  # the example's E after one step


def printed_forward() -> list[Printed]:
    """Return the printed numbers of the forward pass, with ours."""
    run = forward()
    return [
        Printed("net_h1", "0.3775", run.net["h1"].data),
        Printed("out_h1", "0.593269992", run.out["h1"].data),
        Printed("out_h2", "0.596884378", run.out["h2"].data),
        Printed("net_o1", "1.105905967", run.net["o1"].data),
        Printed("out_o1", "0.75136507", run.out["o1"].data),
        Printed("out_o2", "0.772928465", run.out["o2"].data),
        Printed("E_o1", "0.274811083", run.errors[0].data),
        Printed("E_o2", "0.023560026", run.errors[1].data),
        Printed("E", "0.298371109", run.E.data),
    ]


def printed_backward() -> list[Printed]:
    """Return the printed derivatives, with ours."""
    run = forward()
    o1, h1 = run.out["o1"], run.out["h1"]
    by_o1, by_net, by_w5, by_h1, by_w1 = gradients(
        run.E, [o1, run.net["o1"], run.w[4], h1, run.w[0]]
    )
    return [
        Printed("∂E/∂out_o1", "0.74136507", by_o1),
        Printed("∂out_o1/∂net_o1", "0.186815602", o1.partials[0]),
        Printed("∂E/∂net_o1 = δ_o1", "0.138498562", by_net),
        Printed("∂E/∂w5", "0.082167041", by_w5),
        Printed("∂E_o1/∂out_h1", "0.055399425", gradients(run.errors[0], [h1])[0]),
        Printed("∂E/∂out_h1", "0.036350306", by_h1),
        Printed("∂out_h1/∂net_h1", "0.241300709", h1.partials[0]),
        Printed("∂E/∂w1", "0.000438568", by_w1),
    ]


def printed_weights() -> list[Printed]:
    """Return the printed weights after one step, with ours."""
    digits = (
        "0.149780716", "0.19956143", "0.24975114", "0.29950229",
        "0.35891648", "0.408666186", "0.511301270", "0.561370121",
    )  # fmt: skip
    names = (f"w{k}+" for k in range(1, 9))
    return [Printed(*three) for three in zip(names, digits, step(), strict=True)]


def printed_numbers() -> list[Printed]:
    """Return all numbers that the example prints and that hold, with ours."""
    return [*printed_forward(), *printed_backward(), *printed_weights()]
