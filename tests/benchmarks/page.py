"""How fast the page follows: a change in a graph of 2 500 nodes, a hover in a 64-32-10 network.

    python -m tests.benchmarks.page

The aims are 33 ms, thirty pictures a second, and 16 ms, on a machine that does nothing else.
Chromium draws without a graphics card here.
"""

import shutil
import statistics

from playwright.sync_api import sync_playwright

from autograd import Value, step_through, tanh, total
from nn import MLP, probe

ROUNDS = 40
CHANGE = """async (rounds) => { const times = [];
  for (let k = 0; k < rounds; k += 1) {
    await new Promise(requestAnimationFrame);
    const start = performance.now();
    whygrad.set("x3", 0.1 + k / 50);
    document.body.getBoundingClientRect();  // so that the layout counts
    times.push(performance.now() - start);
  }
  return times; }"""
HOVER = """async ([selector, rounds]) => { const times = [];
  const cells = [...document.querySelectorAll(selector)];
  for (let k = 0; k < rounds; k += 1) {
    await new Promise(requestAnimationFrame);
    const cell = cells[(k * 37) % cells.length], start = performance.now();
    cell.dispatchEvent(new MouseEvent("mouseenter"));
    document.body.getBoundingClientRect();
    times.push(performance.now() - start);
    cell.dispatchEvent(new MouseEvent("mouseleave"));
  }
  return times; }"""


def graph() -> Value:
    """Return a graph of 2 401 nodes, whose page shows most of them folded."""
    x = [Value(0.3 + k / 700, f"x{k}") for k in range(800)]
    return total([tanh(a * b) for a, b in zip(x, x[1:] + x[:1], strict=True)])


def network() -> object:
    """Return the probe of a 64-32-10 network, with 2 378 numbers that can be pointed at."""
    model = MLP(64, [32, 10], activation="relu", seed=0)
    return probe(model, [0.1 + k / 100 for k in range(64)], 3, "cross_entropy")


def main() -> None:
    """Print least and median in milliseconds."""
    with sync_playwright() as tools:
        browser = tools.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        for name, make, unfold in (("folded", graph, False), ("unfolded", graph, True)):
            tab = browser.new_page(viewport={"width": 1440, "height": 900})
            tab.set_content(step_through(make()).html())
            tab.wait_for_selector("body[data-step]")
            if unfold:
                tab.evaluate("whygrad.unfold()")
            report(f"a change of one number, 2 401 nodes {name}", tab.evaluate(CHANGE, ROUNDS), 33)
            tab.close()
        tab = browser.new_page(viewport={"width": 1440, "height": 900})
        tab.set_content(step_through(network()).html())
        tab.wait_for_selector("body[data-step]")
        tab.click("text=Layers")
        cells = '#view-layers [data-part="cell"][data-name]'
        report("a hover in 64-32-10", tab.evaluate(HOVER, [cells, ROUNDS]), 16)
        browser.close()


def report(what: str, times: list[float], aim: int) -> None:
    """Print a line."""
    least, median = min(times), statistics.median(times)
    print(f"{what:46} least {least:5.1f} ms, median {median:5.1f} ms (aim {aim} ms)")


if __name__ == "__main__":
    main()
