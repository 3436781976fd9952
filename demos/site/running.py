"""Runs a script of cells as a notebook does, and writes what it says as Markdown.

Cells are those of jupytext's percent format. What a cell prints, and what its last line returns,
stands below it: as HTML where it has some, so that drawings are drawn, and pages alive.
"""

import ast
import contextlib
import io
import re
from pathlib import Path

FENCE = "````"  # longer than any inside


def page(path: Path, *, run: bool) -> str:
    """Return a script as Markdown, its cells in order; with what they say if they are `run`."""
    names: dict = {"__name__": "__main__", "__file__": str(path)}
    parts = []
    for cell in re.split(r"^# %%(?!%)(?!why)", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
        head, _, body = cell.partition("\n")
        if "[markdown]" in head:
            parts.append(re.sub(r"^# ?", "", body.strip(), flags=re.M))
            continue
        shown = re.sub(r"^(here|sys\.path).*\n|^(import sys|from pathlib import Path)\n", "", body,
                       flags=re.M) if "sys.path" in body else body  # fmt: skip
        shown = re.sub(r"^# (%.*)", r"\1", shown.strip(), flags=re.M)
        parts.append(f"```python\n{shown}\n```")
        parts += outputs(body, names) if run else []
    return "\n\n".join(parts) + "\n"


def outputs(code: str, names: dict) -> list[str]:
    """Run a cell in the names of those before; return what it says, as Markdown."""
    tree = ast.parse(code)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)
        result = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
    parts = [_text(printed.getvalue())] if printed.getvalue().strip() else []
    return parts if result is None else [*parts, _shown(result)]


def _shown(result: object) -> str:
    html = getattr(result, "_repr_html_", lambda: None)()
    if html is None:
        return _text(repr(result))
    html = re.sub(r"\n\s*\n", "\n", html)
    return f'{FENCE}{{raw}} html\n<div class="output">{html}</div>\n{FENCE}'


def _text(text: str) -> str:
    return f"{FENCE}text\n{text.rstrip()}\n{FENCE}"
