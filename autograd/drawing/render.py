"""Programs that turn DOT or SVG into a picture, in the order they are tried.

DOT: the system's `dot` through the graphviz package, then pygraphviz, then none. SVG to PNG
or PDF: cairosvg, then the rsvg-convert program.
"""

from __future__ import annotations

import re
import shutil
import subprocess

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
    return text.replace("<svg ", '<svg style="font-variant-numeric:tabular-nums" role="img" ', 1)


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
    if format == "pdf":
        return bytes(cairosvg.svg2pdf(bytestring=picture.encode()))
    return bytes(cairosvg.svg2png(bytestring=picture.encode(), scale=2))
