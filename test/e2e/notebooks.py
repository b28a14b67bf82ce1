"""Notebooks, executed by the real kernel "Python 3 with Fil", as tests use them."""

from __future__ import annotations

import base64
import gzip
import re
import time
from pathlib import Path

import nbclient
import nbformat
from browser import Browser
from profiling import REPORT_FILES, ROOT
from selenium.webdriver.common.by import By

BINDINGS = ROOT / "bindings" / "python"


def execute(*cells: str, kernel: str = "filprofile") -> nbformat.NotebookNode:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    client = nbclient.NotebookClient(
        notebook, kernel_name=kernel, timeout=120, allow_errors=True, startup_timeout=120
    )
    return client.execute()


def outputs(cell: nbformat.NotebookNode, kind: str) -> list[nbformat.NotebookNode]:
    return [output for output in cell.outputs if output.output_type == kind]


def text(cell: nbformat.NotebookNode, stream: str = "stdout") -> str:
    return "".join(o.text for o in outputs(cell, "stream") if o.name == stream)


def graphs(cell: nbformat.NotebookNode) -> list[str]:
    shown = [o.data["text/html"] for o in outputs(cell, "display_data")]
    return [html for html in shown if "<iframe" in html]


def page_in(html: str) -> str:
    """The page that an output holds."""
    packed = re.search(r"atob\(&#x27;(.*?)&#x27;\)", html)[1]
    return gzip.decompress(base64.b64decode(packed)).decode()


def reports() -> list[Path]:
    return sorted(Path("fil-result").iterdir()) if Path("fil-result").exists() else []


def folded(report: Path) -> str:
    assert {file.name for file in report.iterdir()} == REPORT_FILES
    return (report / "peak-memory.prof").read_text()


def wait_for_boxes(browser: Browser) -> None:
    for _ in range(200):
        if browser.driver.find_elements(By.CSS_SELECTOR, ".box"):
            return
        time.sleep(0.05)
    raise AssertionError("no graph was drawn")
