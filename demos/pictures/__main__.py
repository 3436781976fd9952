"""The pictures of the README, all of them: `python -m demos.pictures`.

Drawings come from the gallery; the animation is the live page of its formula, filmed in Chromium
(`pip install playwright pillow`, and a `chromium` on the path).
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

from autograd import Page, Value, step_through, tanh

HERE = Path(__file__).parent
DRAWN = ("formula", "network_neuron", "moons_layer")
SIZE = {"width": 960, "height": 600}
PAUSE = 900  # milliseconds that a frame stands


def main() -> None:
    """Draw, film, and say how large the files are."""
    gallery = import_module("demos.08_gallery")
    gallery.main()
    for name in DRAWN:
        for theme in ("light", "dark"):
            file = f"{name}_{theme}.svg"
            (HERE / file).write_bytes((gallery.OUTPUT / file).read_bytes())
    for theme in ("light", "dark"):
        film(theme)
    for path in sorted([*HERE.glob("*.svg"), *HERE.glob("*.webp")]):
        print(f"{path.name:28} {path.stat().st_size / 1000:6.0f} kB")


def film(theme: str) -> None:
    """Write the page of a formula as an animation: the pass, a number turned, steps downhill."""
    from PIL import Image
    from playwright.sync_api import sync_playwright

    html = page(theme).html()
    with sync_playwright() as tools:
        browser = tools.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        tab = browser.new_page(viewport=SIZE, reduced_motion="reduce")
        tab.set_content(html)
        tab.wait_for_selector("body[data-step]")
        shots = [Image.open(io.BytesIO(png)).convert("RGB") for png in shown(tab)]
        browser.close()
    shots[0].save(
        HERE / f"page_{theme}.webp", save_all=True, append_images=shots[1:], duration=PAUSE,
        loop=0, lossless=True, method=6, minimize_size=True,
    )  # fmt: skip


def page(theme: str) -> Page:
    """Return the page of C = (tanh(wx + b) − y)², in which w and b learn."""
    w, x, b, y = Value(-1.2, "w"), Value(0.5, "x"), Value(0.3, "b"), Value(0.8, "y")
    z = w * x + b
    a = tanh(z)
    C = (a - y) ** 2
    z.label, a.label, C.label = "z", "a", "C"
    return step_through(C, theme=theme, inputs=[x, y], parameters=[w, b])


def shown(tab: Any) -> Iterator[bytes]:
    """Yield what is seen: every step of the pass, then w turned, then gradient descent."""
    for step in range(int(tab.get_attribute("#slider", "max")) + 1):
        tab.evaluate("(step) => whygrad.go(step)", step)
        yield tab.screenshot()
    tab.fill("#choice", "w")
    tab.dispatch_event("#choice", "change")
    yield tab.screenshot()
    for _ in range(3):
        tab.click("#more")
        yield tab.screenshot()
    tab.fill("#eta", "0.3")
    for _ in range(4):
        tab.click("#descend")
        yield tab.screenshot()


if __name__ == "__main__":
    main()
