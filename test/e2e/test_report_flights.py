"""The report of a real program, examples/flights.py, in a real Chromium."""

from __future__ import annotations

from pathlib import Path

import pytest
from profiling import ROOT, run_profiled
from selenium.webdriver.common.keys import Keys


@pytest.fixture(scope="module")
def flights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    ran = run_profiled(tmp_path_factory.mktemp("flights"), [str(ROOT / "examples" / "flights.py")])
    assert ran.status == 0, ran.stderr.decode(errors="replace")
    return ran.report


def test_flights_shows_the_line_of_its_peak_first(browser, flights):
    browser.open(flights / "index.html")
    assert browser.complaints() == []
    assert browser.text("h1").endswith("examples/flights.py")
    first = browser.all(".line")[0].text
    assert "x = np.hstack([x, x**2, np.sqrt(abs(x)), np.log1p(abs(x))])" in first
    assert "wide" in first


def test_the_page_of_an_ordinary_program_is_small(flights):
    """Four fifths of 2.4 MB were what surrounds lines of libraries."""
    assert (flights / "index.html").stat().st_size < 900_000


def test_flights_can_be_walked_through(browser, flights):
    browser.open(flights / "index.html")
    browser.click(browser.all(".line")[0])
    hit = browser.one(".box.hit")
    assert hit.text.startswith("wide")
    browser.click(hit)
    assert browser.boxes()[0].startswith("wide")
    browser.press(Keys.ESCAPE, "/", "read_csv")
    assert browser.all(".box.hit") and browser.text("#found").endswith(" %")
    browser.press(Keys.ENTER, Keys.ENTER)
    assert browser.boxes()[0].startswith("load")
    assert browser.complaints() == []


@pytest.mark.parametrize("name", ["peak-memory.svg", "peak-memory-reversed.svg"])
def test_the_pictures_of_flights_hold_its_source(browser, flights, name):
    text = (flights / name).read_text(encoding="utf-8")
    line = "    x = np.hstack([x, x**2, np.sqrt(abs(x)), np.log1p(abs(x))])"
    assert ">" + line.replace(" ", "\u00a0") in text
    browser.open(flights / name)
    assert browser.complaints() == []
