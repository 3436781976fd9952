"""Programs that turn DOT or SVG into a picture, in the order they are tried.

DOT: the system's `dot` through the graphviz package, then pygraphviz, then none. SVG to PNG
or PDF: cairosvg, then the rsvg-convert program.
"""

from __future__ import annotations

import re
import shutil
import subprocess

TITLE = re.compile(r'<title>[^<]*</title>\s*(<g id="a_\w+"><a xlink:title="([^"]*)")')
NODE = re.compile(r'<g id="[^"]*" class="node">.*?</a>', re.DOTALL)
BOLD = re.compile(
    r'<text text-anchor="start" x="[^"]*"([^>]*font-weight="bold" )font-size="([\d.]+)"'
)
FAMILY = re.compile(r' font-family="[^"]*"')  # cairosvg takes one face, which must have ⇒ and ⊗
ACROSS = re.compile(r"(-?[\d.]+),-?[\d.]+")
MADE_BY_DOT = "<metadata>layout: dot</metadata>"
NOTHING_LAYS_OUT = (
    'layout="dot" needs Graphviz\'s dot or pygraphviz, and neither was found. Install one of them '
    '(apt install graphviz), or use layout="own".'
)
NOTHING_MAKES = (
    "nothing here can make a {format} file: expected Graphviz's dot, pygraphviz or cairosvg. "
    'Install one of them (apt install graphviz, or pip install "whygrad[pictures]"), '
    "or save as .svg."
)


def with_graphviz(source: str, format: str) -> bytes | None:
    """Return DOT text laid out and drawn by Graphviz; None where no Graphviz is found."""
    return _by_program(source, format) or _by_library(source, format)


def _by_program(source: str, format: str) -> bytes | None:
    try:
        import graphviz
    except ImportError:
        return None
    try:
        return bytes(graphviz.Source(source).pipe(format=format, quiet=True))
    except (graphviz.ExecutableNotFound, subprocess.CalledProcessError, OSError):
        return None


def _by_library(source: str, format: str) -> bytes | None:
    try:
        import pygraphviz
    except ImportError:
        return None
    try:
        graph = pygraphviz.AGraph(string=source)
        return bytes(graph.draw(format=format, prog="dot"))
    except (OSError, ValueError, RuntimeError):
        return None


def graphviz_svg(source: str) -> str | None:
    """Return the SVG element that Graphviz makes, without prolog, comments and fixed units."""
    drawn = with_graphviz(source, "svg")
    if drawn is None:
        return None
    text = drawn.decode("utf-8")
    text = re.sub(r"<!--.*?-->\s*", "", text[text.index("<svg") :], flags=re.DOTALL)
    text = re.sub(r'(width|height)="([\d.]+)pt"', r'\1="\2"', text, count=2)
    text = NODE.sub(lambda node: _anchored(node[0]), text)
    text = text.replace("<title>expression</title>", "<title>computation graph</title>", 1)
    text = TITLE.sub(r"<title>\2</title>\1", text)
    text = re.sub(r"<title>cluster_\d+</title>\s*", "", text)
    attributes = 'style="font-variant-numeric:tabular-nums" role="img"'
    return text.replace("<svg ", f"<svg {attributes} ", 1).replace(">", f">{MADE_BY_DOT}", 1)


def _anchored(node: str) -> str:
    """Return a box whose numbers end and whose sign is centred where they should in any face.

    Graphviz starts each text where its own face would have to start.
    """
    across = [float(x) for path in re.findall(r' d="([^"]*)"', node) for x in ACROSS.findall(path)]
    left, right = min(across), max(across) - 5.0
    cell = re.search(r'<polyline[^>]*points="([\d.−-]+),', node)
    middle = (left + float(cell[1])) / 2 if cell else 0.0

    def moved(text: re.Match[str]) -> str:
        anchor, x = ("end", right) if text[2] == "12.00" else ("middle", middle)
        return f'<text text-anchor="{anchor}" x="{x:g}"{text[1]}font-size="{text[2]}"'

    return BOLD.sub(moved, node)


def rasterised(picture: str, format: str) -> bytes:
    """Return an SVG picture as PNG (two pixels a unit) or PDF.

    Raises RuntimeError, naming what to install, where nothing can.
    """
    try:
        import cairosvg
    except (ImportError, OSError):  # OSError: its C library is missing
        program = shutil.which("rsvg-convert")
        if program is None:
            raise RuntimeError(NOTHING_MAKES.format(format=format)) from None
        command = [program, "--format", format, "--zoom", "2" if format == "png" else "1"]
        return subprocess.run(
            command, input=picture.encode(), stdout=subprocess.PIPE, check=True
        ).stdout
    picture = FAMILY.sub(' font-family="DejaVu Sans"', picture)
    if format == "pdf":
        return bytes(cairosvg.svg2pdf(bytestring=picture.encode()))
    return bytes(cairosvg.svg2png(bytestring=picture.encode(), scale=2))
