"""Makes docs/pictures/: what the guide shows, each from a real run, photographed in Chromium.

    .venv/bin/python docs/make_pictures.py              all of them
    .venv/bin/python docs/make_pictures.py notebook     those whose name begins so

The programs are those of examples/. After a change of the page or of an example, make all, look at
them and commit them.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import nbclient
import nbformat
from nbconvert import HTMLExporter

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test" / "e2e"))

from browser import Browser  # noqa: E402
from profiling import FIL_PROFILE, run_profiled  # noqa: E402

EXAMPLES = ROOT / "examples"
BINDINGS = ROOT / "bindings" / "python"
WIDTH = 1180
# examples/out_of_memory.py may have this much, so that it runs out of memory on any machine.
LIMIT = 1_000_000_000


def open_flights(browser: Browser, height: int) -> None:
    """The report of examples/flights.py. It runs once, for all pictures of it."""
    output = Path("flights")
    if not output.exists():
        run_profiled(output.resolve(), ["examples/flights.py"], cwd=ROOT)
    browser.look(WIDTH, height)
    browser.open((output / "latest").resolve() / "index.html")


def report(browser: Browser) -> None:
    open_flights(browser, 810)


def zoomed(browser: Browser) -> None:
    open_flights(browser, 810)
    browser.click([box for box in browser.all(".box") if box.text.startswith("main ")][1])
    show_from(browser, "#trail", 182)


def leaves_first(browser: Browser) -> None:
    open_flights(browser, 810)
    browser.click(browser.one("label:has(#leaves)"))
    show_from(browser, "#trail", 250)


def show_from(browser: Browser, selector: str, height: int) -> None:
    """That part of the page, with its controls, comes first in the window."""
    browser.look(WIDTH, height)
    browser.run("document.querySelector(arguments[0]).parentElement.scrollIntoView()", selector)
    browser.settle()


def notebook(browser: Browser) -> None:
    """A cell of examples/flights.ipynb, executed by the kernel "Python 3 with Fil"."""
    Path("venv").symlink_to(sys.prefix)
    kernel = Path("jupyter/kernels/filprofile/kernel.json")
    kernel.parent.mkdir(parents=True)
    described = json.loads((BINDINGS / "kernel" / "kernel.json").read_text())
    described["argv"][0] = str(Path("venv/bin/python").absolute())
    kernel.write_text(json.dumps(described))
    os.environ["JUPYTER_PATH"] = str(Path("jupyter").absolute())
    os.environ["IPYTHONDIR"] = str(Path("ipython").absolute())
    os.environ["PYTHONPATH"] = str(BINDINGS)
    os.environ["JPY_SESSION_NAME"] = "flights.ipynb"  # as Jupyter Server does
    for name in ("flights.py", "flights.ipynb"):
        shutil.copy(EXAMPLES / name, name)
    cells = nbformat.read("flights.ipynb", as_version=4)
    nbclient.NotebookClient(cells, timeout=300).execute()
    page, _ = HTMLExporter().from_notebook_node(cells)
    Path("notebook.html").write_text(page)
    browser.look(WIDTH, 1040)
    browser.driver.get(Path("notebook.html").resolve().as_uri())
    frame = browser.one("iframe")
    browser.driver.switch_to.frame(frame)
    while not browser.all(".box"):
        time.sleep(0.05)
    browser.driver.switch_to.default_content()


def out_of_memory(browser: Browser) -> None:
    program = ["run", "examples/out_of_memory.py"]
    output = Path("out-of-memory").resolve()
    done = subprocess.run(
        [FIL_PROFILE, "--python", sys.executable, "--no-browser", "-o", output, *program],
        cwd=ROOT,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT)),
    )
    assert done.returncode == 53, done
    browser.look(WIDTH, 640)
    browser.open(output / "latest/index.html")


def laboratory(browser: Browser) -> None:
    """The curves of the comparison page; minutes of replays, if there are none yet."""
    comparison = ROOT / ".bench-laboratory" / "comparison" / "index.html"
    if not comparison.exists():
        command = [sys.executable, str(ROOT / "bench" / "laboratory.py"), "--compare"]
        subprocess.run(command, cwd=ROOT, check=True)
    page = comparison.read_text()
    curves = page[: page.index("<h1>")] + "<h1>Resident memory, over the same traces</h1>"
    for part in page.split("<h2>")[1:]:
        figure = part[part.index("<figure>") : part.index("</figure>")]
        curves += f"<h2>{Path(part.split('.filtrace')[0]).name}</h2>{figure}</figure>"
    Path("curves.html").write_text(curves)
    browser.look(1060, 2600)
    browser.open(Path("curves.html").resolve())


PICTURES: dict[str, Callable[[Browser], None]] = {
    "report.png": report,
    "zoomed.png": zoomed,
    "leaves-first.png": leaves_first,
    "notebook.png": notebook,
    "out-of-memory.png": out_of_memory,
    "laboratory.png": laboratory,
}


def main(beginning: str = "") -> None:
    with tempfile.TemporaryDirectory(prefix="work-") as directory:
        os.chdir(directory)
        browser = Browser(Path("chromium").resolve())
        try:
            for name, make in PICTURES.items():
                if name.startswith(beginning):
                    make(browser)
                    browser.driver.save_screenshot(str(ROOT / "docs" / "pictures" / name))
        finally:
            browser.driver.quit()


if __name__ == "__main__":
    main(*sys.argv[1:])
