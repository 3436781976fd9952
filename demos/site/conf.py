"""The documentation as a site: `python -m sphinx -W demos/site demos/output/site` builds it.

Needs sphinx, furo and myst-parser (`pip install --group site`). The lessons of the course and the
lists of public names are written to `made/` from the sources first, so that nothing is said twice.
"""

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))

import autograd

project, author = "whygrad", "The whygrad authors"
copyright = f"2026 {author}"
version = release = autograd.__version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "whygrad"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]


def lesson_page(path: Path) -> str:
    """Return a lesson of the course as Markdown: its cells in order."""
    pages = []
    for cell in re.split(r"^# %%(?!%)(?!why)", path.read_text(), flags=re.MULTILINE)[1:]:
        head, _, body = cell.partition("\n")
        if "[markdown]" in head:
            pages.append(re.sub(r"^# ?", "", body.strip(), flags=re.MULTILINE))
        elif "sys.path" in body:  # of scripts alone
            body = re.sub(
                r"^(here|sys\.path).*\n|^(import sys|from pathlib.*)\n", "", body, flags=re.M
            )
            pages.append(f"```python\n{body.strip()}\n```")
        else:
            body = re.sub(r"^# (%.*)", r"\1", body.strip(), flags=re.MULTILINE)
            pages.append(f"```python\n{body}\n```")
    return "\n\n".join(pages) + "\n"


def names_page(package: str) -> str:
    """Return every public name of a package with its signature and its text."""
    module = import_module(package)
    parts = [f"# {package}", "Every public name, as `help` says it."]
    for name in module.__all__:
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
        (made / f"lesson_{path.stem}.md").write_text(lesson_page(path), encoding="utf-8")
    for package in ("autograd", "nn"):
        (made / f"names_{package}.md").write_text(names_page(package), encoding="utf-8")


write_pages()
