"""Notebooks that nobody trusts: without scripts, and cleaned as JupyterLab cleans what it shows.

The lists are those of JupyterLab's own sanitiser (packages/apputils/src/sanitizer.ts), which lets
an image keep its data address, and drops frames, scripts and inline SVG.
"""

import re
from html.parser import HTMLParser

import pytest

from autograd import Value, draw, step_through, tanh, widget
from nn import MLP, probe

nh3 = pytest.importorskip("nh3")

TAGS = """a abbr acronym address area article aside audio b bdi bdo big blockquote br button canvas
caption center cite code col colgroup colspan command data datalist dd del details dfn dir
div dl dt em fieldset figcaption figure font footer form h1 h2 h3 h4 h5 h6 header hgroup hr
i img input ins kbd label legend li map mark menu meter nav nobr ol optgroup option output p
pre progress q rowspan s samp section select small source span strike strong sub summary sup
table tbody td textarea tfoot th thead time tr track tt u ul var video wbr"""
EVERYWHERE = """class dir draggable hidden id inert itemprop itemref itemscope lang spellcheck style
title translate"""
OF_IMAGES = "align alt border height hspace ismap name src usemap vspace width"


def sanitised(html):
    return nh3.clean(
        html, tags={*TAGS.split()},
        attributes={"*": {*EVERYWHERE.split()}, "img": {*OF_IMAGES.split()}},
        url_schemes={"http", "https", "ftp", "mailto", "tel", "attachment", "data"},
        clean_content_tags={"script", "style"},
    )  # fmt: skip


class Seen(HTMLParser):
    """The images and the words of a page."""

    def __init__(self, html):
        super().__init__()
        self.images, self.words = [], ""
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag == "img":
            self.images.append(dict(attributes))

    def handle_data(self, words):
        self.words += words.strip()


def small():
    w, x = Value(-1.2, "w<b>"), Value(0.5, "x")
    root = tanh(w * x) ** 2 + 0.1 * w
    root.backward()
    return root


def probed():
    return probe(MLP(2, [3, 1], seed=3), [0.5, -1.2], [0.8], "half_squared_error")


MADE = {
    "a drawing": lambda: draw(small(), layout="own"),
    "a drawing of a network": lambda: probed().draw(level="neuron"),
    "heat maps": lambda: probed().draw(level="layer"),
    "a model": lambda: draw(MLP(2, [3, 1], seed=3)),
    "a page": lambda: step_through(small()),
    "a page of a probe": lambda: step_through(probed()),
}


def html_of(shown):
    made = getattr(shown, "_repr_mimebundle_", None)
    return made()["text/html"] if made else shown._repr_html_()


@pytest.mark.parametrize("kind", MADE)
def test_the_picture_is_left_when_jupyterlab_has_cleaned(kind):
    cleaned = sanitised(html_of(MADE[kind]()))
    seen = Seen(cleaned)
    assert not re.search(r"<(script|iframe|svg|style)", cleaned)
    assert seen.words == ""
    (image,) = seen.images
    assert image["src"].startswith("data:image/svg+xml;base64,")
    assert len(image["alt"]) > 5


def test_a_widget_has_a_picture_for_where_no_widget_is():
    pytest.importorskip("anywidget")
    found = widget(small())._repr_mimebundle_()
    bundle = found[0] if isinstance(found, tuple) else found
    assert "application/vnd.jupyter.widget-view+json" in bundle
    (image,) = Seen(sanitised(bundle["text/html"])).images
    assert image["src"].startswith("data:image/svg+xml;base64,")


def test_the_sanitiser_of_this_test_does_drop_scripts_and_frames():
    cleaned = sanitised("<p onclick=x()>a<script>b()</script><iframe srcdoc=c></iframe><svg/></p>")
    assert cleaned == "<p>a</p>"


def notebook(*shown):
    """Return a notebook as Jupyter saves it, of cells that have been run."""
    nbformat = pytest.importorskip("nbformat")
    cells = []
    for thing in shown:
        data = getattr(thing, "_repr_mimebundle_", dict)() or {"text/html": thing._repr_html_()}
        output = nbformat.v4.new_output("display_data", data={"text/plain": repr(thing), **data})
        cells.append(nbformat.v4.new_code_cell("…", outputs=[output]))
    return nbformat.v4.new_notebook(cells=cells)


def test_exported_html_shows_every_picture_without_scripts(browser, tmp_path):
    exporters = pytest.importorskip("nbconvert.exporters")
    made = [make() for make in MADE.values()]
    exporter = exporters.HTMLExporter(template_name="basic")
    html, _ = exporter.from_notebook_node(notebook(*made))
    (tmp_path / "notebook.html").write_text(html, encoding="utf-8")
    context = browser.new_context(java_script_enabled=False, offline=True)
    tab = context.new_page()
    tab.goto((tmp_path / "notebook.html").as_uri())
    pictures = tab.locator("img, svg[role=img], .output_svg svg")
    visible = [one for one in pictures.all() if one.is_visible()]
    assert len(visible) >= len(made)
    for one in visible:
        box = one.bounding_box()
        assert box["width"] > 150 and box["height"] > 60
    context.close()


def test_what_jupyterlab_cleans_is_visible_in_a_browser(browser, tmp_path):
    cleaned = "".join(f"<section>{sanitised(html_of(make()))}</section>" for make in MADE.values())
    (tmp_path / "cleaned.html").write_text(f"<!DOCTYPE html>{cleaned}", encoding="utf-8")
    context = browser.new_context(java_script_enabled=False, offline=True)
    tab = context.new_page()
    tab.goto((tmp_path / "cleaned.html").as_uri())
    sizes = [one.bounding_box() for one in tab.locator("img").all()]
    assert len(sizes) == len(MADE)
    assert all(size["width"] > 150 and size["height"] > 60 for size in sizes)
    context.close()
