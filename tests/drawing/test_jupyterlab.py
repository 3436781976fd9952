"""The widget in a real JupyterLab, in Chromium: numbers go both ways, and nothing is fetched."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("jupyterlab")
pytest.importorskip("anywidget")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

ROOT = Path(__file__).parents[2]
MADE = f"""import sys; sys.path.insert(0, {str(ROOT)!r})
from autograd import Value, tanh, widget
w, x = Value(-1.2, "w"), Value(0.5, "x")
live, seen = widget(tanh(w * x) ** 2 + w, height=500), []
live.observe(lambda change: seen.append(change["new"]["w"]), "values")
live"""
ASKED = "print('python has', live.values['w'], seen)"
TOLD = "live.values = {**live.values, 'w': 0.25}"
PATIENCE = 90  # seconds: a kernel starts slowly where much else runs


@pytest.fixture
def lab(tmp_path):
    """Serve a folder with a notebook; return its address."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(code) for code in (MADE, ASKED, TOLD)],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, tmp_path / "notebook.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folders = {
        f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    options = {"port": port, "token": "", "root_dir": tmp_path, "open_browser": False}
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--allow-root",
         *[f"--ServerApp.{name}={value}" for name, value in options.items()]],
        env={**os.environ, **folders}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address)
        yield f"{address}/lab/tree/notebook.ipynb"
    finally:
        server.terminate()
        server.wait()


def wait_for(address):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            return urllib.request.urlopen(f"{address}/api")
        except OSError:
            time.sleep(0.2)
    pytest.skip("JupyterLab did not start")


def run_cell(tab, k):
    tab.locator(".jp-CodeCell .cm-content").nth(k).click()
    tab.keyboard.press("Shift+Enter")


def test_numbers_go_both_ways_in_jupyterlab(browser, lab):
    tab = browser.new_page(viewport={"width": 1400, "height": 1000})
    tab.set_default_timeout(1000 * PATIENCE)
    requests = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(lab)
    tab.wait_for_selector(".jp-Notebook .jp-CodeCell")
    tab.locator("text=| Idle").wait_for()
    run_cell(tab, 0)
    page = tab.frame_locator(".jp-OutputArea-output iframe")
    page.locator("#choice").fill("w")
    page.locator("#choice").dispatch_event("change")
    page.locator("#more").click()
    tab.wait_for_timeout(500)
    run_cell(tab, 1)
    answer = tab.locator('.jp-OutputArea-output pre:has-text("python has")')
    assert answer.inner_text().strip() == "python has -1.1 [-1.1]"
    run_cell(tab, 2)
    page.locator('#cost-now:has-text("0.2")').wait_for()
    assert page.locator("#value").input_value() == "0.25"
    outside = [url for url in requests if "127.0.0.1" not in url and url.startswith("http")]
    assert outside == []
    tab.close()
