"""The documentation as a site: `python -m sphinx -W demos/site demos/output/site` builds it.

Needs what `pip install --group site` brings. Lessons of the course are run as notebooks (myst-nb),
scripts of the gallery by Sphinx-Gallery, and what they say stands below each cell: nothing is said
twice, and no picture is older than code. They and the lists of public names are written to `made/`.
"""

import inspect
import sys
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), *([str(ROOT)] if (ROOT / "autograd").is_dir() else [])]

import jupytext

import autograd

project, author = "whygrad", "The whygrad authors"
copyright = f"2026 {author}"
version = release = autograd.__version__
extensions = ["myst_nb", "sphinx_gallery.gen_gallery"]
nb_execution_mode = "force"  # lessons change when the library does
nb_execution_raise_on_error = True
nb_execution_timeout = 120
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "made/gallery",
    "filename_pattern": r"\d_",
    "image_scrapers": ("scraping.drawings", "matplotlib"),
    "abort_on_example_error": True,
    "show_memory": False,
    "write_computation_times": False,
    "download_all_examples": False,
    "show_signature": False,
}
html_theme = "furo"
html_title = "whygrad"
myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
exclude_patterns = ["_build", "gallery", "made/gallery/*.ipynb"]
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
        jupytext.write(jupytext.read(path), made / f"lesson_{path.stem}.ipynb")
    for package in REFERENCE:
        (made / f"names_{package}.md").write_text(names_page(package), "utf-8")


write_pages()
