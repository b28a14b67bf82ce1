"""Makes docs/report.png, README's picture: the report of examples/flights.py, from a real run, in
Chromium. After a change of the page or of the example run it with .venv/bin/python."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "test" / "e2e"))

from browser import Browser  # noqa: E402
from profiling import run_profiled  # noqa: E402

WIDTH, HEIGHT = 1180, 860


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        here = Path(directory)
        ran = run_profiled(here / "out", ["examples/flights.py"], cwd=ROOT)
        browser = Browser(here / "chromium")
        try:
            browser.look(WIDTH, HEIGHT)
            browser.open(ran.report / "index.html")
            browser.driver.save_screenshot(str(ROOT / "docs" / "report.png"))
        finally:
            browser.driver.quit()


main()
