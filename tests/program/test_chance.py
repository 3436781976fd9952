"""Random numbers that Python draws while a graph is recorded are refused, not frozen."""

import random
from functools import partial

import numpy as np
import pytest

import nn
from autograd import FrozenBranchError, Program, Value, jit, recording, tanh

SHARED = random.Random(1)
MOVED = r"the generator {} was moved while recording.*NoiseStream.*nn\.Dropout"
MAKERS = {
    "random.Random": lambda: random.Random(2),
    "numpy.Generator": lambda: np.random.default_rng(2),
    "numpy.RandomState": lambda: np.random.RandomState(2),
    "random.SystemRandom's like": lambda: type("Own", (random.Random,), {})(2),
}
every_kind = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


class Noisy(nn.Module):
    def __init__(self, rng):
        self.layer, self.tools = nn.Layer(3, 1, "tanh"), {"rng": [rng]}

    def __call__(self, x):
        return [a * self.draw() for a in self.layer(x)]

    def draw(self):
        return self.tools["rng"][0].random()


def helper(x):
    return x * SHARED.random()


def in_a_closure(rng):
    return lambda x: tanh(x) * rng.random()


def as_a_default(rng):
    def f(x, rng=rng):
        return x * rng.random()

    return f


def in_a_partial(rng):
    return partial(lambda x, *, rng: x * rng.random(), rng=rng)


def in_a_method(rng):
    class Holder:
        def __init__(self):
            self.rng = rng

        def f(self, x):
            return x * self.rng.random()

    return Holder().f


@every_kind
@pytest.mark.parametrize("hide", [in_a_closure, as_a_default, in_a_partial, in_a_method])
def test_a_compiled_function_that_draws_from_a_generator_of_its_own_is_refused(hide, make):
    f = hide(make())
    with pytest.raises(FrozenBranchError, match=MOVED.format(r"\w+")):
        jit(f)(0.5)
    assert isinstance(f(Value(0.5)), Value)  # node by node it draws


def test_generators_of_what_a_function_calls_are_seen():
    with pytest.raises(FrozenBranchError, match=MOVED.format("SHARED")):
        jit(lambda x: helper(x) + 1.0)(0.5)


@every_kind
def test_a_model_that_draws_from_a_generator_of_its_own_trains_node_by_node(make):
    X, y = np.zeros((4, 3)), np.zeros(4)
    fit = partial(nn.fit, loss="squared_error", epochs=1, progress=False)
    with pytest.raises(FrozenBranchError, match=MOVED.format("0")):
        fit(Noisy(make()), X, y)
    assert len(fit(Noisy(make()), X, y, compiled=False)) == 1


@every_kind
def test_a_block_sees_the_generators_beside_it(make):
    rng, x = make(), Value(2.0)
    with recording():
        y = x * rng.random()
    with pytest.raises(FrozenBranchError, match=MOVED.format("rng")):
        Program(y, inputs=[x], parameters=[])


@every_kind
def test_a_generator_that_rests_is_no_reason_to_refuse(make):
    rng = make()
    scale = rng.random()
    f = jit(lambda x: x * scale if rng else x)
    assert f(2.0) == 2.0 * scale
    rng.random()  # between two calls
    assert f(3.0) == 3.0 * scale


def test_a_program_of_another_graph_is_not_accused():
    x = Value(2.0)
    with recording():
        x * x + 1.0
    random.random()
    other = Value(3.0)
    assert Program(tanh(other) * 2.0, inputs=[other], parameters=[]).executor


def test_a_program_that_goes_on_after_the_block_is_looked_at():
    x = Value(2.0)
    with recording():
        y = x * random.random()
    with pytest.raises(FrozenBranchError, match="the generator of random was moved"):
        Program(tanh(y) * 2.0, inputs=[x], parameters=[])


def test_a_node_at_the_address_of_one_that_died_is_of_no_recording():
    rng, w = random.Random(3), Value(0.5)
    with recording():
        first = w + 1.0
        noisy = first * rng.random()
    address = id(noisy)
    del noisy
    other = w * 2.0
    if id(other) != address:
        pytest.skip("the address is not used again at once")
    assert Program(other, inputs=[w], parameters=[])([[3.0]])[0] == 6.0
