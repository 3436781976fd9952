"""The documentation as a site: `python -m sphinx -W demos/site demos/output/site` builds it.

Needs sphinx, furo and myst-parser (`pip install --group site`). The lessons of the course, the
gallery and the lists of public names are written to `made/` first: the sources are run, and what
they say stands below each cell, so that nothing is said twice and no picture is older than code.
"""

import inspect
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), *([str(ROOT)] if (ROOT / "autograd").is_dir() else [])]

import running

import autograd

project, author = "whygrad", "The whygrad authors"
copyright = f"2026 {author}"
version = release = autograd.__version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "whygrad"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "gallery"]
REFERENCE = ("autograd", "nn", "autograd.program.listing")


def names_page(package: str) -> str:
    """Return every public name of a module with its signature and its text."""
    module = import_module(package)
    names = getattr(module, "__all__", None) or [
        name for name, thing in vars(module).items() if getattr(thing, "__module__", "") == package
    ]
    parts = [f"# {package}", "Every public name, as `help` says it."]
    for name in names:
        thing = getattr(module, name)
        try:
            signature = str(inspect.signature(thing))
        except (TypeError, ValueError):  # of C, or no function
            signature = ""
        text = inspect.getdoc(thing) or repr(thing)
        parts.append(f"## `{name}`\n\n```text\n{name}{signature}\n\n{text}\n```")
    return "\n\n".join(parts) + "\n"


def write_pages() -> None:
    """Write what is made of the sources."""
    made = HERE / "made"
    made.mkdir(exist_ok=True)
    for path in sorted((ROOT / "demos" / "course").glob("[0-9]*.py")):
        (made / f"lesson_{path.stem}.md").write_text(running.page(path, run=True), "utf-8")
    for path in sorted((HERE / "gallery").glob("[0-9]*.py")):
        (made / f"gallery_{path.stem}.md").write_text(running.page(path, run=True), "utf-8")
    for package in REFERENCE:
        (made / f"names_{package}.md").write_text(names_page(package), "utf-8")


write_pages()
