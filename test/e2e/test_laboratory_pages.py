"""The laboratory's two pages, a study and a comparison, in Chromium: by the keyboard alone, narrow,
dark, on paper."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from browser import Browser
from command import SECONDS, fil_profile, script
from selenium.webdriver.common.keys import Keys

# As the keyboard's user sees it: what has the focus, and whether that is shown.
FOCUSED = """
const one = document.activeElement, style = getComputedStyle(one);
const shown = style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2;
return [one.id || one.getAttribute('aria-label') || one.localName, shown];
"""


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("laboratory")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        script(
            "work.py",
            "import threading\n"
            "kept = [bytearray(3000) for _ in range(3000)]\n"
            "other = threading.Thread(target=kept.clear)\n"
            "other.start()\n"
            "other.join()\n",
        )
        for words in (
            f"record --no-children --python {sys.executable} work.py",
            "--no-browser understand -o study.html trace.filtrace",
            "--no-browser compare-allocators --allocator glibc --allocator libjemalloc.so.2 "
            "--allocator ./none.so --repeat 2 trace.filtrace",
        ):
            ended = fil_profile(*words.split(), timeout=SECONDS)
            assert ended.status == 0, ended.stderr
    return {
        "study": folder / "study.html",
        "comparison": folder / "allocator-comparison" / "index.html",
    }


def tabbed(browser: Browser) -> list[str]:
    """What Tab leads to, until it leaves the page; each shows that it is there."""
    found = []
    for _ in range(20):
        browser.press(Keys.TAB)
        name, is_shown = browser.run(FOCUSED)
        if name == "body":
            break
        assert is_shown, name
        found.append(name)
    return found


@pytest.mark.parametrize("dark", [False, True])
def test_a_study_is_read_by_the_keyboard_alone(
    browser: Browser, pages: dict[str, Path], dark: bool
) -> None:
    browser.look(dark=dark)
    browser.open(pages["study"])
    # In the order of the page, and nothing else.
    assert tabbed(browser) == ["moment", "lines", "sizes by lifetimes"]
    browser.press(Keys.TAB)
    at_peak = browser.text("#then")
    last = int(browser.one("#moment").get_attribute("max"))
    for key, moment in ((Keys.HOME, 0), (Keys.ARROW_RIGHT, 1), (Keys.END, last)):
        browser.press(key)
        assert int(browser.one("#moment").get_attribute("value")) == moment
        then = browser.text("#then")
        assert then != at_peak
        assert browser.one("#moment").get_attribute("aria-valuetext") == then
        seconds = then.split(" after ")[1].split()[0]
        assert f"--at {seconds} " in browser.text("#command")
    browser.press(Keys.ARROW_LEFT)
    assert int(browser.one("#moment").get_attribute("value")) == last - 1
    assert browser.complaints() == []


@pytest.mark.parametrize("dark", [False, True])
def test_a_comparison_is_read_by_the_keyboard_alone(
    browser: Browser, pages: dict[str, Path], dark: bool
) -> None:
    browser.look(dark=dark)
    browser.open(pages["comparison"])
    closed = ["who is best at what", "figures of each allocator", "summary"]
    assert tabbed(browser) == closed
    browser.open(pages["comparison"])
    browser.press(*[Keys.TAB] * 3, Keys.ENTER, Keys.TAB)
    assert browser.run(FOCUSED) == ["latencies by size", True]
    assert "malloc" in browser.text("details table")
    assert "none.so was not measured: it cannot be loaded" in browser.text("body")
    assert browser.complaints() == []


@pytest.mark.parametrize("name", ["study", "comparison"])
@pytest.mark.parametrize(
    "surroundings",
    [
        {"width": 400},
        {"width": 400, "dark": True},
        {"dark": True},
        {"width": 800, "media": "print"},
    ],
)
def test_both_pages_fit_wherever_they_are_read(
    browser: Browser, pages: dict[str, Path], name: str, surroundings: dict
) -> None:
    browser.look(**surroundings)
    browser.open(pages[name])
    assert browser.run("return document.documentElement.scrollWidth <= innerWidth")
    # What is wider than the page scrolls by itself, and by the keyboard.
    wider = browser.run(
        "return [...document.querySelectorAll('table')].filter((one) => one.offsetWidth > "
        "document.body.clientWidth && !one.closest('[tabindex=\"0\"]')).length"
    )
    assert wider == 0
    # Each row is headed, for who hears it.
    rows = browser.run(
        "return [...document.querySelectorAll('tbody tr')].filter((row) => "
        "row.querySelector('td') && !row.querySelector('th')).length"
    )
    assert rows == 0
    light = browser.run(
        "const rgb = (name) => getComputedStyle(document.body)[name].match(/\\d+/g).map(Number);"
        "const sum = (all) => all.slice(0, 3).reduce((a, b) => a + b);"
        "return sum(rgb('backgroundColor')) > sum(rgb('color'))"
    )
    assert light == ("dark" not in surroundings)
    assert browser.complaints() == []
