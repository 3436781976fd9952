"""`widget`: the live page in a notebook, whose numbers Python reads and sets.

The widget is made by anywidget, an extra, and runs in Jupyter, VS Code, Colab and marimo.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from autograd.drawing.page.page import step_through


def widget(obj: Any, *, theme: str = "light", height: int = 680, **options: Any) -> Any:
    """Return the page of `step_through` as a widget; `obj` and `options` are what that takes.

    `.values` maps the names that the page shows to numbers, and `.gradients` to ∂C/∂value: they
    follow what is done in the page. Assigning to `.values`, some names or all, changes the
    numbers there; `.observe(function, "values")` is told of every change.

    Raises ImportError where anywidget is not installed, and as `step_through` does.
    """
    page = step_through(obj, theme=theme, **options)
    live: Any = _class()
    made = live(html=page.html(), height=height, **page.numbers())
    made.still = page.still()
    return made


@cache
def _class() -> type:
    """Return the class, which is made when the first widget is: its base is an extra."""
    try:
        import anywidget
        import traitlets
    except ImportError:
        raise ImportError(
            'widget needs anywidget, which is not installed: pip install "whygrad[widget]". '
            "step_through shows the same page without it."
        ) from None

    class Live(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = files("autograd.drawing").joinpath("notebook.js").read_text(encoding="utf-8")
        html = traitlets.Unicode().tag(sync=True)
        height = traitlets.Int(680).tag(sync=True)
        values = traitlets.Dict().tag(sync=True)
        gradients = traitlets.Dict().tag(sync=True)
        still = traitlets.Unicode()  # shown where no widget is, as on GitHub

        def _repr_mimebundle_(self, **options: Any) -> Any:
            found = super()._repr_mimebundle_(**options)
            bundle, *more = found if isinstance(found, tuple) else (found,)
            if bundle is None or not self.still:
                return found
            with_picture = {**bundle, "text/html": self.still}
            return (with_picture, *more) if isinstance(found, tuple) else with_picture

    return Live
