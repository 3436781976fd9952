"""The widget: numbers go from Python to the page and back."""

import json
import sys
from importlib.resources import files

import pytest

import autograd
from autograd import Value, gradients, step_through, tanh

HOST = """<!DOCTYPE html><body><div id="here"></div><script type="module">
const state = STATE, told = {};
const model = {
  get: (name) => state[name],
  set: (name, value) => { state[name] = value; },
  save_changes: () => { window.saved = structuredClone(state); },
  on: (name, f) => { told[name] = f; },
  off: (name) => { delete told[name]; },
};
const widget = (() => { SCRIPT; return face; })();
window.assign = (values) => { state.values = values; told["change:values"](); };
window.close_ = widget.render({ model, el: document.getElementById("here") });
</script></body>"""


def graph(w=-1.2, x=0.5):
    w, x = Value(w, "w"), Value(x, "x")
    return tanh(w * x) ** 2 + w, [w, x]


@pytest.fixture
def host(browser, tmp_path):
    """A page that holds the widget's script and a model, as a notebook does."""
    root, _ = graph()
    page = step_through(root)
    script = files("autograd.drawing").joinpath("notebook.js").read_text(encoding="utf-8")
    state = {"html": page.html(), "height": 500, **page.numbers()}
    text = HOST.replace("STATE", json.dumps(state).replace("<", "\\u003c"))
    text = text.replace("SCRIPT;", script.replace("export default", "const face ="))
    (tmp_path / "host.html").write_text(text, encoding="utf-8")
    tab = browser.new_page()
    complaints = []
    tab.on("pageerror", lambda error: complaints.append(str(error)))
    tab.goto((tmp_path / "host.html").as_uri())
    tab.wait_for_function("window.saved")
    yield tab
    assert complaints == []
    tab.close()


def test_the_widget_begins_with_the_numbers_of_the_engine(host):
    root, leaves = graph()
    saved = host.evaluate("saved")
    assert saved["values"] == {"w": -1.2, "x": 0.5, "C": root.data}
    expected = dict(zip("wx", gradients(root, leaves), strict=True))
    assert saved["gradients"] == {**expected, "C": 1.0}


def test_numbers_set_in_python_are_computed_in_the_page(host):
    host.evaluate("assign({ w: 0.25 })")
    host.wait_for_function("saved.values.w === 0.25")
    root, leaves = graph(w=0.25)
    saved = host.evaluate("saved")
    assert saved["values"]["C"] == pytest.approx(root.data, rel=1e-12)
    for name, grad in zip("wx", gradients(root, leaves), strict=True):
        assert saved["gradients"][name] == pytest.approx(grad, rel=1e-12)


def test_numbers_changed_in_the_page_are_told_to_python(host):
    frame = host.frame_locator("iframe")
    frame.locator("#choice").fill("w")
    frame.locator("#choice").dispatch_event("change")
    frame.locator("#more").click()
    host.wait_for_function("saved.values.w !== -1.2")
    root, _ = graph(w=host.evaluate("saved.values.w"))
    assert host.evaluate("saved.values.C") == pytest.approx(root.data, rel=1e-12)


def test_without_anywidget_the_way_out_is_said(monkeypatch):
    from autograd.drawing import notebook

    notebook._class.cache_clear()
    monkeypatch.setitem(sys.modules, "anywidget", None)
    with pytest.raises(ImportError, match=r'pip install "whygrad\[widget\]"'):
        autograd.widget(graph()[0])
    notebook._class.cache_clear()


def test_a_widget_has_values_that_can_be_observed():
    pytest.importorskip("anywidget")
    root, leaves = graph()
    live = autograd.widget(root, height=400)
    assert live.values == {"w": -1.2, "x": 0.5, "C": root.data}
    assert live.gradients["w"] == gradients(root, leaves)[0]
    seen = []
    live.observe(lambda change: seen.append(change["new"]["w"]), "values")
    live.values = {**live.values, "w": 2.0}
    assert seen == [2.0]
    other = autograd.widget(graph()[0])
    assert other.values["w"] == -1.2
