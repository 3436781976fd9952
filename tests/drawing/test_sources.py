"""Lines of code and parts of models: what a function tells that is called to be drawn."""

import random
from functools import partial
from pathlib import Path

import pytest

from autograd import Value, draw, gradients, step_through, tanh, widget
from autograd.drawing.sources import sources
from autograd.modes import dispatcher
from nn import MLP, Layer, Module
from tests.drawing.page.test_browser import press
from tests.drawing.page.test_page import data_of

HERE = Path(__file__)


class Residual(Module):
    def __init__(self, width, rng):
        self.inner, self.outer = Layer(width, 3, rng=rng), Layer(3, width, "identity", rng=rng)

    def __call__(self, x):
        return [a + b for a, b in zip(x, self.outer(self.inner(x)), strict=True)]


class Net(Module):
    def __init__(self):
        rng = random.Random(0)
        self.encoder = [Residual(2, rng), Residual(2, rng)]
        self.head = {"out": Layer(2, 1, "identity", rng=rng)}

    def __call__(self, x):
        for block in self.encoder:
            x = block(x)
        return self.head["out"](x)


class Cell(Module):
    def __init__(self):
        self.u, self.v = Value(0.7), Value(-0.4)

    def __call__(self, h, x):
        return tanh(self.u * h + self.v * x)


class Recurrent(Module):
    def __init__(self):
        self.cell = Cell()

    def __call__(self, xs):
        h = Value(0.0, "h")
        for x in xs:
            h = self.cell(h, x)
        return h


def line_of(text):
    lines = HERE.read_text(encoding="utf-8").splitlines()
    return next(k for k, line in enumerate(lines, start=1) if line.strip() == text)


def squared():
    x = Value(3.0, "x")
    y = x * x
    return y + 1.0


def test_every_node_knows_the_line_that_made_it():
    found = sources(squared)
    made = [(node.op, line) for node, line in found.lines.items()]
    product, total_ = line_of("y = x * x"), line_of("return y + 1.0")
    assert made == [
        ("mul", (f"{HERE.name}:{product}", "y = x * x")),
        ("add", (f"{HERE.name}:{total_}", "return y + 1.0")),
    ]


def test_no_folder_of_the_machine_is_told():
    html = step_through(squared).html()
    assert HERE.name in html
    assert str(HERE.parent) not in html and "/" not in "".join(
        where for where, _ in data_of(step_through(squared))["code"]
    )


def test_parts_are_named_by_the_way_to_them():
    net = Net()
    found = sources(lambda: (net([0.5, -1.0])[0] - 0.3) ** 2)
    paths = set(found.groups.values())
    assert {
        ("encoder.0",), ("encoder.0", "encoder.0.inner"), ("encoder.1", "encoder.1.outer"),
        ("head.out",),
    } <= paths  # fmt: skip
    assert found.result not in found.groups  # the loss is no part of the model
    assert [found.names[leaf] for name, leaf in net.named_parameters()] == [
        name for name, _ in net.named_parameters()
    ]
    assert found.parameters == tuple(net.parameters())


def test_labels_that_tell_parameters_apart_are_kept():
    model = MLP(2, [3, 1], seed=1)
    assert sources(lambda: model([0.5, 1.0])[0]).names == {}


class Narrowing(Module):
    """Layers of different shapes: some of their labels occur in both, some in one."""

    def __init__(self):
        rng = random.Random(0)
        self.wide, self.narrow = Layer(2, 3, "tanh", rng=rng), Layer(3, 1, "tanh", rng=rng)

    def __call__(self, x):
        return self.narrow(self.wide(x))[0]


def test_names_of_a_model_are_all_of_one_kind():
    model = Narrowing()
    named = dict(model.named_parameters())
    found = sources(lambda: model([0.5, 1.0]))
    assert found.names == {leaf: name for name, leaf in named.items()}


def test_each_call_of_a_part_is_a_group_of_its_own():
    model = Recurrent()
    found = sources(lambda: model([0.5, -1.0, 0.25]))
    assert {path[-1] for path in found.groups.values()} == {"cell", "cell (2)", "cell (3)"}


def test_what_is_learnt_in_the_page_are_the_parameters_by_their_names(show):
    model = Recurrent()
    tab = show(step_through(lambda: (model([0.5, -1.0, 0.25]) - 0.5) ** 2))
    root = (model([0.5, -1.0, 0.25]) - 0.5) ** 2
    slopes = gradients(root, [model.cell.u, model.cell.v])
    before = tab.evaluate("whygrad.numbers()")
    assert before["cell.u"] == {"data": 0.7, "grad": slopes[0]}
    tab.evaluate("whygrad.step(0.1)")
    after = tab.evaluate("whygrad.numbers()")
    assert after["cell.v"]["data"] == pytest.approx(-0.4 - 0.1 * slopes[1], rel=1e-12)
    assert after["h"]["data"] == 0.0


def test_the_line_stands_beside_the_step(show):
    tab = show(step_through(squared))
    press(tab, "ArrowRight")
    assert tab.inner_text("#step .code code") == "return y + 1.0"
    press(tab, "ArrowRight")
    assert tab.inner_text("#step .code code") == "y = x * x"
    tab.select_option("#pass", "forward")
    tab.evaluate("document.activeElement.blur()")
    press(tab, "ArrowRight")
    assert tab.inner_text("#step .code code") == "y = x * x"


def test_parts_fold_and_open_in_the_page(show):
    net = Net()
    tab = show(step_through(lambda: (net([0.5, -1.0])[0] - 0.3) ** 2))
    words = tab.locator('[data-part="header"], [data-part="fold"]').all_text_contents()
    assert any("encoder.0" in word for word in words) and any("head.out" in w for w in words)
    first = tab.locator('[data-part="header"]', has_text="encoder.0").first
    boxes = tab.locator('[data-part="box"]:visible').count()
    first.focus()
    press(tab, "Enter")
    assert tab.locator('[data-part="box"]:visible').count() < boxes
    press(tab, "Enter")
    assert tab.locator('[data-part="box"]:visible').count() == boxes


def test_code_is_escaped(show):
    def hostile():
        x = Value(2.0, "x")
        return x * x  # </script><script>alert(1)</script><img src=x onerror=alert(2)>

    page = step_through(hostile)
    assert page.html().count("<script") == 2
    tab = show(page)
    press(tab, "ArrowRight")
    assert "</script><script>" in tab.inner_text("#step .code code")
    assert tab.locator("img").count() == 0


def test_pictures_and_widgets_take_a_function_too():
    net = Net()
    drawn = draw(lambda: net([0.5, -1.0])[0], layout="own").svg()
    assert "encoder.0" in drawn
    assert draw(partial(squared)).text() == draw(squared()).text()
    pytest.importorskip("anywidget")
    assert widget(squared).values["x"] == 3.0


def test_what_is_no_value_is_refused_with_the_way_out():
    with pytest.raises(
        TypeError, match="a function without arguments that returns Values; got int"
    ):
        draw(lambda: 3)
    with pytest.raises(TypeError, match="got Net"):
        step_through(Net())


def test_a_cell_of_a_notebook_is_called_so():
    code = compile("from autograd import Value\ndef f():\n    return Value(2.0) * 3.0\n",
                   "/tmp/ipykernel_17/123.py", "exec")  # fmt: skip
    names = {}
    exec(code, names)
    assert [where for where, _ in sources(names["f"]).lines.values()] == ["cell:3"]


def test_modes_inside_still_work_and_nothing_is_left_behind():
    from autograd import no_grad

    def f():
        with no_grad():
            y = Value(2.0) * 3.0
        return y * Value(1.0, "x")

    assert sources(f).result.data == 6.0
    assert dispatcher.modes() == []
