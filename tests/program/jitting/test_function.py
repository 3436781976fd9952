"""jit replays what it recorded, and says so where it would have decided otherwise."""

import math
from functools import reduce
from itertools import pairwise
from operator import add

import numpy as np
import pytest

import autograd as ag
from autograd import (
    FrozenBranchError,
    Program,
    Value,
    grad,
    gradients,
    jit,
    recording,
    value_and_grad,
)
from autograd.errors import DomainError


def rosenbrock(x):
    return sum(100.0 * (b - a * a) ** 2 + (1.0 - a) ** 2 for a, b in pairwise(x))


def test_value_and_gradient_are_those_of_the_function():
    fast, slow = jit(rosenbrock), value_and_grad(rosenbrock)
    rng = np.random.default_rng(0)
    for n in (2, 5, 2, 5):
        x = rng.normal(size=n).tolist()
        value, gradient = fast.value_and_grad(x)
        expected, slope = slow(x)
        assert value == pytest.approx(expected, rel=1e-12)
        assert gradient == pytest.approx(slope, rel=1e-11)
        assert fast(x) == pytest.approx(expected, rel=1e-12)


def test_a_structure_is_recorded_once():
    calls = []

    def f(x, scale):
        calls.append(len(x))
        return {"sum": scale * ag.total(x), "parts": [a * a for a in x], "n": len(x)}

    fast = jit(f)
    assert fast([1.0, 2.0], 3.0) == {"sum": 9.0, "parts": [1.0, 4.0], "n": 2}
    assert fast([1, 2, 3], 1.0)["sum"] == 6.0
    assert fast([5.0, 6.0], -1.0) == {"sum": -11.0, "parts": [25.0, 36.0], "n": 2}
    assert calls == [2, 3]


def test_the_cache_is_bounded():
    calls = []

    def f(x):
        calls.append(len(x))
        return sum(x)

    fast = jit(f, cache=2)
    for n in (1, 2, 3, 3, 2, 1):
        assert fast([1.0] * n) == n
    assert calls == [1, 2, 3, 1]


def test_arrays_keep_their_shape():
    value, gradient = jit(lambda x: (x * x).sum()).value_and_grad(
        np.array([[1.0, 2.0], [3.0, 4.0]])
    )
    assert value == 30.0
    assert (gradient == [[2.0, 4.0], [6.0, 8.0]]).all()


def test_a_value_goes_node_by_node():
    x = Value(3.0)
    y = jit(lambda a: a * a)(x)
    y.backward()
    assert (y.data, x.grad) == (9.0, 6.0)


def counted(f):
    """Return f, and the arguments it was called with."""
    calls = []

    def counting(*args):
        calls.append(args)
        return f(*args)

    return counting, calls


def test_a_flipped_branch_is_recorded_too():
    f, calls = counted(lambda x: x * x if x > 0 else -x)
    fast = jit(f)
    for _ in range(3):
        assert (fast(3.0), fast(-1.0), fast(2.0), fast(-5.0)) == (9.0, 1.0, 4.0, 5.0)
        assert fast.value_and_grad(-2.0) == (2.0, -1.0)
        assert grad(grad(fast))(4.0) == 2.0 and grad(grad(fast))(-4.0) == 0.0
    assert len(calls) == 2


def test_branches_that_numpy_and_max_take_are_recorded_too():
    f, calls = counted(lambda x: max(x) * min(x[1:]))
    fast = jit(f)
    rng = np.random.default_rng(0)
    for x in rng.permuted(np.tile(np.arange(1.0, 4.0), (40, 1)), axis=1).tolist():
        assert fast(x) == max(x) * min(x[1:])
        assert fast.value_and_grad(x) == value_and_grad(f)(x)
    assert len(calls) <= 6 + 40  # one for each order, and those of the last line


def test_a_loop_whose_length_depends_on_numbers_ends_in_an_error():
    def halvings(x):
        count = 0.0
        while x > 1.0:
            x, count = x / 2.0, count + 1.0
        return x + count

    fast = jit(halvings)
    for n in range(10):
        assert fast(2.0**n) == 1.0 + n
    with pytest.raises(
        FrozenBranchError, match=r"test_function\.py:\d+: a loop whose length depends"
    ):
        for n in range(10, 100):
            fast(2.0**n)
    assert fast(4.0) == 3.0  # what is known goes on


def test_more_branches_than_are_kept_run_node_by_node_and_say_so_once():
    f, calls = counted(lambda x: sum(a * a if a > 0 else -a for a in x))
    fast = jit(f)
    rng = np.random.default_rng(1)
    with pytest.warns(RuntimeWarning, match=r"test_function\.py:\d+: .* 32 branches") as said:
        for x in rng.normal(size=(100, 8)).tolist():
            assert fast(x) == pytest.approx(sum(a * a if a > 0 else -a for a in x), rel=1e-14)
    assert len(said) == 1
    assert 32 < len(calls) < 100


def test_a_decision_that_rounding_alone_changes_is_taken_as_node_by_node():
    tenth = 0.1
    f, calls = counted(lambda x: x if reduce(add, [x] * 10) == 10 * tenth else -x)
    fast = jit(f)
    for _ in range(50):
        assert fast(tenth) == f(tenth)
    assert len(calls) <= 150


def test_one_example_that_flips_is_named():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    with recording():
        z = w * x
        loss = z if z > 0 else 0.1 * z
    program = Program(loss, inputs=[x], parameters=[w])
    assert program([[1.0], [2.0]])[0] == 3.0
    with pytest.raises(
        FrozenBranchError, match=r"test_function\.py:\d+.*example 1 has -2 > 0 False"
    ):
        program([[1.0], [-1.0]])

    class Rule:
        def rule(self, w, g, state, step):
            return w - 1.5 * g, state

    with pytest.raises(FrozenBranchError):
        program.train([[1.0]], Rule(), 5)


def test_reading_a_number_while_recording_raises():
    with recording():
        x = Value(1.0, "x")
        y = x * x
        with pytest.raises(FrozenBranchError, match=r"test_function\.py:\d+: \.data"):
            y.data  # noqa: B018
    with recording():
        z = y * math.floor(x.data)
    with pytest.raises(FrozenBranchError, match="node 'x'"):
        Program(z, inputs=[x], parameters=[])
    Program(z, inputs=[], parameters=[])  # a leaf that cannot change


def test_a_branch_outside_of_recording_promises_nothing():
    with recording():
        pass
    x = Value(1.0)
    program = Program(x * x if x > 0 else -x, inputs=[x], parameters=[])
    assert program([[-3.0]])[0] == 9.0


def test_an_error_of_a_function_is_its_own():
    fast = jit(ag.log)
    assert fast(1.0) == 0.0
    with pytest.raises(DomainError):
        fast(-1.0)


def test_a_leaf_that_is_misused_is_named():
    x, w = Value(1.0, "x"), Value(2.0, "w")
    with pytest.raises(ValueError, match=r"parameters\[1\].*listed twice"):
        Program(x * w, inputs=[x], parameters=[w, w])
    with pytest.raises(ValueError, match="listed as a parameter too"):
        Program(x * w, inputs=[x, w], parameters=[w])
    with pytest.raises(ValueError, match="leaves of the graph"):
        Program(x * w, inputs=[x * w], parameters=[w])
    with pytest.raises(ValueError, match=r"\(m, 1\).*got shape \(3,\)"):
        Program(x * w, inputs=[x], parameters=[w])([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="executor"):
        Program(x * w, inputs=[x], parameters=[w], executor="gpu")
    with pytest.raises(RuntimeError, match="first"):
        Program(x * w, inputs=[x], parameters=[w]).value(x)


def test_an_input_that_the_cost_does_not_reach_is_allowed():
    x, idle, w, unused = (Value(1.0) for _ in range(4))
    program = Program(x * w, inputs=[x, idle], parameters=[w, unused])
    cost, gradient = program([[2.0, 5.0], [4.0, 6.0]])
    assert (cost, gradient.tolist()) == (3.0, [3.0, 0.0])
    assert program.adjoint(idle).tolist() == [0.0, 0.0]
    assert program.value(idle).tolist() == [5.0, 6.0]


def test_arguments_may_have_names():
    fast = jit(lambda x, scale, shift=0.0: scale * x + shift)
    assert fast(2.0, scale=3.0) == fast(2.0, 3.0) == 6.0
    assert fast(2.0, scale=3.0, shift=1.0) == 7.0
    assert fast.value_and_grad(5.0, scale=4.0) == (20.0, 4.0)


def test_values_that_a_function_holds_count_as_they_are_now():
    w = Value(2.0)
    fast = jit(lambda x: w * x if w > 0 else x)
    assert (fast(3.0), fast.value_and_grad(3.0)) == (6.0, (6.0, 2.0))
    w.data = 5.0
    assert (fast(3.0), fast.value_and_grad(3.0)) == (15.0, (15.0, 5.0))
    w.data = -1.0
    assert (fast(3.0), fast.value_and_grad(3.0)) == (3.0, (3.0, 1.0))
    w.data = 4.0
    assert grad(grad(jit(lambda x: w * x**3)))(2.0) == 48.0
    assert (fast(3.0), fast.value_and_grad(3.0)) == (12.0, (12.0, 4.0))


def test_a_branch_is_guarded_though_the_result_is_a_plain_number():
    fast = jit(lambda x: 1.0 if x > 0 else -1.0)
    assert (fast(3.0), fast.value_and_grad(2.0)) == (1.0, (1.0, 0.0))
    assert (fast(-3.0), fast.value_and_grad(-2.0)) == (-1.0, (-1.0, 0.0))


def test_a_compiled_function_may_call_itself_and_others():
    def power(x, n):
        return x * fast(x, n - 1.0) if n > 0 else 1.0

    fast = jit(power)
    square = jit(lambda x: x * x)
    fourth = jit(lambda x: square(x) * square(x) * square(1.0))
    assert fast(2.0, 3.0) == 8.0
    assert fourth(2.0) == 16.0 and fourth.value_and_grad(3.0) == (81.0, 108.0)
    steps = jit(lambda x: x + steps([0.5]) if not isinstance(x, list) else 2.0 * x[0])
    assert steps(1.0) == 2.0  # with numbers inside, while it is being recorded


@pytest.mark.parametrize("read", ["backward", "gradients", "data"])
def test_numbers_that_leave_the_graph_while_recording_are_refused(read):
    def f(x):
        y = x * x
        if read == "backward":
            y.backward()
            return x.grad
        return gradients(y, x) if read == "gradients" else x.data

    with pytest.raises(
        FrozenBranchError, match=r"test_function\.py:\d+: .*frozen into the program"
    ):
        jit(f)(3.0)


def test_derivatives_inside_are_part_of_the_graph():
    fast = jit(lambda x: x * grad(lambda t: t**3)(x) + grad(lambda t: t * t)(2.0))
    assert fast.value_and_grad(2.0) == (28.0, 36.0)
    assert fast.value_and_grad(1.0) == (7.0, 9.0)


REFUSED = {
    "no function": (lambda: jit(3.0), TypeError, "takes a function; got 3.0"),
    "no cache": (lambda: jit(abs, cache=0), ValueError, "cache is a whole number, 1 or more"),
    "text": (lambda: jit(abs)("a"), TypeError,
             r"takes Values and real numbers; got 'a'.*static=\.\.\."),
    "a set": (lambda: jit(sum)({1.0}), TypeError, "got {1.0} of type set"),
    "too few arguments": (lambda: jit(lambda x: x)(), TypeError, "missing 1 required"),
    "no result": (lambda: jit(lambda x: None)(1.0), TypeError, "returns a number.*got None"),
    "several results": (lambda: jit(lambda x: (x, x)).value_and_grad(1.0), TypeError,
                        "returns one number; got .* of type tuple"),
    "a list of one": (lambda: jit(lambda x: [x]).value_and_grad(1.0), TypeError, "of type list"),
    "no such argument": (lambda: jit(abs).value_and_grad(1.0, argnums=2), TypeError,
                         "by argument 2; got 1 positional"),
    "int(x)": (lambda: jit(lambda x: int(x))(1.0), TypeError, "lose the gradient"),
}  # fmt: skip


@pytest.mark.parametrize(("call", "error", "words"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_compiled_is_refused_in_words(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_an_error_inside_leaves_nothing_behind():
    fail = [True]

    def f(x):
        if fail[0]:
            raise LookupError("its own")
        return x * x if x > 0 else x

    fast = jit(f)
    with pytest.raises(LookupError, match="its own"):
        fast(2.0)
    fail[0] = False
    assert fast(2.0) == 4.0
    assert Value(1.0) > 0  # nobody listens any more


def guarded(number, sign=1.0):
    x = Value(number, "x")
    return x, (x * x if sign * x > 0 else -x)


def flips(loss, x, there):
    with pytest.raises(FrozenBranchError, match="was True when the graph was recorded"):
        Program(loss, inputs=[x], parameters=[])([[there]])


def test_a_recording_inside_another_belongs_to_both():
    with recording():
        x, loss = guarded(1.0)
        with recording():
            y, inner = guarded(2.0)
            flips(inner, y, -1.0)
        flips(loss, x, -1.0)
        jit(lambda t: t if t > 0 else -t)(1.0)
        flips(loss, x, -1.0)
    flips(loss, x, -1.0)
    flips(inner, y, -1.0)


def test_compiling_a_function_leaves_an_earlier_recording_in_force():
    with recording():
        x, loss = guarded(1.0)
    assert jit(lambda t: t if t > 0 else -t)(2.0) == 2.0
    flips(loss, x, -1.0)


def test_a_graph_may_be_recorded_again_with_another_branch():
    with recording():
        x, loss = guarded(1.0)
    flips(loss, x, -1.0)
    x.data = -1.0
    with recording():
        again = x * x if x > 0 else -x
    assert Program(again, inputs=[x], parameters=[])([[-3.0]])[0] == 3.0


def test_integers_and_floats_are_one_structure():
    calls = []

    def f(x):
        calls.append(x)
        return {"row": [sum(x["a"]) * x["b"]], "both": (x["a"][0], 2)}

    fast = jit(f)
    assert fast({"a": [1.0, 2.0], "b": 3}) == fast({"a": [1, 2.0], "b": np.float32(3)})
    assert fast({"a": [1, 2], "b": True}) == {"row": [3.0], "both": (1.0, 2.0)}
    assert len(calls) == 1
