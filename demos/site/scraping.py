"""What Sphinx-Gallery shows of a cell: its HTML, from `_repr_html_`, and a picture as thumbnail."""

from pathlib import Path
from typing import Any

from autograd.drawing import Drawing


def drawings(block: tuple[str, str, int], variables: dict[str, Any], configuration: Any) -> str:
    """Keep the drawing that a cell returned as a picture of its script, and write no more of it.

    The cell's HTML shows it already; the first picture of a script is its thumbnail.
    """
    shown = variables["example_globals"].get("___")
    if isinstance(shown, Drawing):
        shown.save(Path(next(variables["image_path_iterator"])).with_suffix(".svg"))
    return ""
