"""The file that a page is: template, style and script put together under a strict policy."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from base64 import b64encode
from importlib.resources import files
from typing import Any

from autograd.drawing.colours import THEMES, escape
from autograd.drawing.page.content import COLOURS, Content

SCRIPTS = (  # in the order they are put together: what comes later uses what came before
    "unpack", "numbers", "elementary", "RULES", "tape", "pass", "network", "paint", "focus",
    "panel", "canvas", "layout", "nested", "folds", "graph", "knobs", "film", "message",
    "address", "controls",
)  # fmt: skip

INDENTS = re.compile(r"^\s+|^\s*//.*\n|  // .*$", re.M)  # and comments


def document(content: Content, theme: str, *, packed: bool) -> str:
    """Return the page. A `packed` one holds views and data compressed, for the script to unpack."""
    style = _variables() + _template("page.css")
    parts = [content.rules if name == "RULES" else _template(f"{name}.js") for name in SCRIPTS]
    script = f'"use strict";\n(async () => {{\n{"".join(parts)}}})();\n'
    if packed:  # leave out what a reader of a page that cannot be read does not need
        script, style = (INDENTS.sub("", text) for text in (script, style))
    views = "\n".join(
        f'<div class="view" id="view-{name}"{" hidden" * (k > 0)}>{_without_styles(picture)}</div>'
        for k, (name, picture) in enumerate(content.views.items())
    )
    data = _json(content.data)
    if packed:
        deflated = zlib.compress(_json({"views": views, "data": data}).encode(), 9)
        views, data = "", _json(b64encode(deflated).decode())
    policy = (
        f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
        "base-uri 'none'; form-action 'none'"
    )
    slots = {
        "POLICY": policy,
        "TITLE": escape(content.data["title"]),
        "THEME": theme,
        "STYLE": style,
        "VIEWS": views,
        "DATA": data.replace("<", "\\u003c"),
        "SCRIPT": script,
    }
    pieces = _template("page.html").split("@@")
    return "".join(slots[piece] if k % 2 else piece for k, piece in enumerate(pieces))


def _json(data: Any) -> str:
    return json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def _without_styles(picture: str) -> str:
    return picture.replace(' style="font-variant-numeric:tabular-nums"', "", 1)


def _variables() -> str:
    """Return the colours of both themes as CSS variables."""
    rules = []
    for name, theme in THEMES.items():
        colours = [f"--{colour}:{getattr(theme, colour)}" for colour in COLOURS]
        colours += [f"--r{k}:{colour}" for k, colour in enumerate(theme.scale)]
        colours += [f"--k{k}:{colour}" for k, colour in enumerate(theme.inks)]
        also = ":root," * (name == "light")  # until the script has asked what is preferred
        rules.append(f'{also}[data-theme="{name}"]{{color-scheme:{name};{";".join(colours)}}}\n')
    return "".join(rules)


def _template(name: str) -> str:
    return files("autograd.drawing.page").joinpath(name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()
