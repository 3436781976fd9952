"""Labels are text and nothing else, wherever they end up: in pictures, formulas, errors."""

import shutil
import subprocess
import unicodedata
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from autograd import Program, Value, draw, explain, expression, log, step_through

LABELS = {
    "a script": "</script><script>alert(1)</script>",
    "an attribute": '"><img src=x onerror=alert(1)>',
    "an end of CDATA": "]]><b>",
    "an entity": "&lt;&#0;&nbsp;&amp;",
    "a comment": "--><!-- --",
    "a template": "{{7*7}} ${7*7} %s %(x)s {0} {x!r}",
    "a link": "javascript:alert(1)",
    "DOT": '"]; subgraph { a -> b }; //',
    "DOT's own HTML": "<<b>bold</b>>",
    "a backslash": "\\",
    "escapes of Graphviz": r"\N \G \l \r \E",
    "TeX": r"\input{/etc/passwd} \write18{ls} $ % # ^ _ ~ & { }",
    "control characters": "".join(map(chr, range(1, 32))) + "\x7f\x85",
    "a NUL": "a\0b",
    "a terminal's escape": "\x1b[31mred\x1b]0;title\x07",
    "a change of direction": "\u202egnp.exe\u202c\u2066\u2069",
    "half a character": "\ud800",
    "no character": "\uffff\ufffe",
    "combined marks": "e" + "\u0301" * 500,
    "nothing": "",
    "spaces": " \t\n\r\u2028\u2029\u3000",
    "very long": "x" * 100_000,
    "many lines": "line\n" * 5_000,
    "a prototype": "__proto__",
    "a formula": "=cmd|' /C calc'!A0",
    "an emoji": "👩‍🔬🏳️‍🌈",
}
DANGEROUS = {"script", "img", "iframe", "object", "embed", "link", "base", "form"}


def graph(label):
    w, x = Value(2.0, label), Value(3.0, "x")
    return w, (w * x + 1.0) ** 2


class Tags(HTMLParser):
    """The tags of a page, and the attributes that run code."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.handlers = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.handlers += [name for name, _ in attributes if name.startswith("on")]
        links = [v for name, v in attributes if name in ("href", "xlink:href", "src", "action")]
        self.handlers += [v for v in links if v and v.strip().startswith("javascript:")]


def is_clean(line):
    """Whether a terminal shows this line as it is written, whatever it is."""
    return all(c == "\n" or unicodedata.category(c) not in ("Cc", "Cs") for c in line)


@pytest.mark.parametrize("name", LABELS)
def test_a_picture_is_well_formed_and_runs_nothing(name):
    _, root = graph(LABELS[name])
    picture = draw(root)
    element = ElementTree.fromstring(picture.svg())
    tags = {x.tag.rpartition("}")[2].lower() for x in element.iter()}
    attributes = {a.rpartition("}")[2].lower() for x in element.iter() for a in x.attrib}
    assert not tags & DANGEROUS and not [a for a in attributes if a.startswith("on")]
    picture.svg().encode()
    page = Tags(picture.html())
    assert not set(page.tags) & DANGEROUS and not page.handlers
    assert is_clean(picture.text())


@pytest.mark.parametrize("name", LABELS)
def test_graphviz_reads_what_is_written_for_it(name, tmp_path):
    _, root = graph(LABELS[name])
    text = draw(root).dot()
    if not shutil.which("dot"):
        pytest.skip("Graphviz is not installed")
    done = subprocess.run(["dot", "-Tplain"], input=text.encode(), capture_output=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    kinds = [line.split()[0] for line in done.stdout.decode().splitlines() if line]
    others = draw(graph("w")[1]).dot()
    expected = subprocess.run(["dot", "-Tplain"], input=others.encode(), capture_output=True)
    shapes = [line.split()[0] for line in expected.stdout.decode().splitlines() if line]
    assert kinds.count(b"node") == shapes.count(b"node")
    assert kinds.count("edge") == shapes.count("edge")


@pytest.mark.parametrize("name", LABELS)
def test_a_page_holds_one_script_of_its_own(name):
    _, root = graph(LABELS[name])
    page, plain = Tags(step_through(root).html()), Tags(step_through(graph("w")[1]).html())
    assert page.tags.count("script") == plain.tags.count("script")
    assert page.tags.count("img") == plain.tags.count("img") and not page.handlers


@pytest.mark.parametrize("name", LABELS)
def test_words_and_formulas_show_a_label_in_one_piece(name):
    w, root = graph(LABELS[name])
    root.backward()
    for text in (str(explain(root, w)), expression(root).text(), expression(root).latex()):
        assert is_clean(text), text[:200]


@pytest.mark.parametrize("name", LABELS)
def test_errors_show_a_label_in_one_piece(name):
    w = Value(-1.0, LABELS[name])
    with pytest.raises(ValueError) as told:
        log(w)
    assert is_clean(str(told.value)) and len(str(told.value)) < 1_000
    program = Program(w * 1.0, inputs=[w], parameters=[])
    with pytest.raises(ArithmeticError) as told:
        program([[float("nan")]])
    assert is_clean(str(told.value)) and len(str(told.value)) < 1_000


@pytest.mark.parametrize("name", LABELS)
def test_a_label_stays_what_it_was(name):
    """Nobody cleans the label itself, and two of one name stay two."""
    w, root = graph(LABELS[name])
    other = Value(5.0, LABELS[name])
    assert w.label == other.label == LABELS[name]
    assert (root * other).data == 245.0
    assert repr(w)
