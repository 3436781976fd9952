"""The modes of a thread: nothing recorded, and anomalies stopped where they are made."""

import math
import threading

import pytest

from autograd import (
    AnomalyError,
    Value,
    detach,
    detect_anomaly,
    dot,
    engine,
    exp,
    grad,
    gradients,
    log,
    log_softmax,
    modes,
    no_grad,
    sin,
    softmax,
    sqrt,
    tanh,
    total,
)


def test_no_grad_keeps_numbers_and_drops_the_graph():
    x, y = Value(3.0, "x"), Value(4.0, "y")
    with no_grad():
        results = [x * y, x + 1, -x, tanh(x), dot([x], [y]), x**2, 1 / y]
    assert [v.data for v in results] == [12.0, 4.0, -3.0, math.tanh(3.0), 12.0, 9.0, 0.25]
    assert all(v.parents == () and v.op == "" for v in results)


def test_a_result_of_no_grad_is_a_constant_to_what_follows():
    x = Value(3.0)
    with no_grad():
        fixed = x * x
    assert gradients(fixed * x, x) == 9.0
    fixed.data = 1.0  # a leaf, so writable


def test_no_grad_ends_with_its_block_even_after_an_error():
    x = Value(3.0)
    with pytest.raises(KeyError), no_grad():
        raise KeyError
    assert (x * x).parents == (x, x)


def test_no_grad_decorates_a_function():
    x = Value(3.0)

    @no_grad()
    def square():
        return x * x

    assert square().parents == ()
    assert square().parents == ()


def test_derivatives_inside_no_grad_are_still_taken():
    with no_grad():
        assert grad(lambda x: x**3)(2.0) == 12.0
        assert grad(grad(lambda x: x**3))(2.0) == 12.0


def test_a_derivative_at_a_node_inside_no_grad_does_not_depend_on_it():
    x = Value(2.0)
    with no_grad():
        slope = grad(lambda x: x**3)(x)
    assert slope.data == 12.0
    assert gradients(slope, x) == 0.0


def test_no_grad_inside_a_function_stops_its_gradient():
    def f(x):
        with no_grad():
            fixed = x * x
        return fixed * x

    assert grad(f)(3.0) == 9.0


def test_no_grad_in_one_thread_leaves_another_alone():
    x, inside, done, made = Value(3.0), threading.Event(), threading.Event(), []

    def other():
        inside.wait(10)
        made.append(x * x)
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with no_grad():
        inside.set()
        assert done.wait(10)
        here = x * x
    thread.join()
    assert here.parents == ()
    assert made[0].parents == (x, x)


def test_nobody_is_asked_once_every_mode_is_left(monkeypatch):
    told, watch = [], engine.watch
    monkeypatch.setattr(engine, "watch", lambda watcher: (told.append(watcher), watch(watcher)))
    x = Value(3.0)
    with no_grad(), detect_anomaly():
        x * x
    assert told == [modes.dispatcher] * 2
    x * x  # of which the watcher hears, for the last time
    monkeypatch.setattr(type(modes.dispatcher), "created", None)
    assert (x * x).parents == (x, x)
    assert told[2:] == [None]


def test_a_thread_in_a_mode_is_heard_after_another_has_left_its_own():
    x, inside, left, made = Value(3.0), threading.Event(), threading.Event(), []

    def other():
        with no_grad():
            inside.set()
            left.wait(10)
            made.append(x * x)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    with no_grad():
        pass
    assert (x * x).parents == (x, x)
    left.set()
    thread.join()
    assert made[0].parents == ()


def test_detect_anomaly_names_the_first_node_and_its_operands():
    x, y = Value(1e200, "x"), Value(1e200, "y")
    words = r"mul made inf .*'x' = 1e\+200, node 'y' = 1e\+200"
    with pytest.raises(AnomalyError, match=words), detect_anomaly():
        sin(x * y)


def test_detect_anomaly_names_a_labelled_nan():
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"sub made nan"):
        Value(math.inf, "a") - Value(math.inf, "b")


def test_detect_anomaly_in_a_backward_pass_names_the_node_whose_partial_made_it():
    x = Value(1e-200, "x")
    y = 1e200 * (sqrt(x) + log(x))
    with detect_anomaly(), pytest.raises(AnomalyError, match=r"after log .*partial is 1e\+200"):
        y.backward()
    assert x.grad == 0.0


def test_detect_anomaly_watches_gradients_too():
    x = Value(1e-200, "x")
    y = 1e200 * log(x)
    with detect_anomaly():
        with pytest.raises(AnomalyError, match="log"):
            gradients(y, x)
        with pytest.raises(AnomalyError, match="is not finite after log"):
            gradients(y, x, build_graph=True)


def test_detect_anomaly_passes_over_what_gets_no_gradient():
    x, y = Value(3.0, "x"), Value(2.0, "y")
    with detect_anomaly():
        (detach(x * y) * x).backward()
    assert (x.grad, y.grad) == (6.0, 0.0)


@pytest.mark.parametrize("function", [softmax, log_softmax])
def test_detect_anomaly_names_the_one_of_many_whose_partial_made_it(function):
    x = [Value(v, f"x{k}") for k, v in enumerate((0.5, -1.0, 2.0))]
    results = function(x)
    loss = (results[1] + 1.7e308 * results[0]) + 1.7e308 * x[0]
    words = rf"node 'x0' is not finite after {function.__name__} "
    with detect_anomaly(), pytest.raises(AnomalyError, match=words):
        loss.backward()
    with detect_anomaly():
        total(results).backward()
    assert all(math.isfinite(v.grad) for v in x)


def test_detect_anomaly_asks_many_results_as_if_they_had_an_operand_each():
    """Four hundred million pairs would take minutes."""
    x = [Value(math.sin(k)) for k in range(20_000)]
    weights = [math.cos(k) for k in range(len(x))]
    with detect_anomaly():
        dot(softmax(x), weights).backward()
    assert [v.grad for v in x] == gradients(dot(softmax(x), weights), x)


def test_detect_anomaly_lets_finite_numbers_pass():
    x = Value(1.0)
    with detect_anomaly():
        y = exp(x) * tanh(x)
        y.backward()
    assert x.grad == pytest.approx(math.e * (math.tanh(1) + 1 - math.tanh(1) ** 2), rel=1e-14)


def test_modes_combine_in_either_order():
    x = Value(1e200, "x")
    with no_grad(), detect_anomaly(), pytest.raises(AnomalyError, match="'x' = 1e"):
        x * x
    with detect_anomaly(), no_grad(), pytest.raises(AnomalyError, match="'x' = 1e"):
        x * x


def test_a_mode_of_ones_own_hears_everything():
    heard = []

    class Listener(modes.Mode):
        def created(self, node, handed):
            heard.append(node.op)
            return handed

        def looked(self, node):
            heard.append("looked")

        def compared(self, node, other, symbol, verdict):
            heard.append((symbol, verdict))

        def sweeping(self, root, seed):
            heard.append(("sweeping", seed))

    x = Value(2.0)
    with modes.active(Listener()):
        y = x * x
        assert y.data > 3.0
        assert y > 3
        assert bool(y)
        y.backward(2.0)
        gradients(y, x)
    y * y
    assert heard == [
        "mul", "looked", (">", True), ("!=", True), ("sweeping", 2.0), ("sweeping", 1.0),
    ]  # fmt: skip


def test_an_anomaly_among_many_operands_shows_those_that_matter():
    w = [Value(float(k), f"w{k}") for k in range(100)]
    x = [Value(1e308 if k == 57 else 1.0, f"x{k}") for k in range(100)]
    with detect_anomaly(), pytest.raises(AnomalyError, match="x57") as caught:
        dot(w, x)
    assert "and 193 more" in str(caught.value)  # of 201, the bias included
    assert len(str(caught.value)) < 500
