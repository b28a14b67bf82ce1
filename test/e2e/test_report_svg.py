"""The two SVG files: valid, readable without scripts, interactive by themselves."""

from __future__ import annotations

import xml.etree.ElementTree

import pytest
from browser import FIXTURES, stands_for
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement


@pytest.mark.parametrize("fixture", FIXTURES)
@pytest.mark.parametrize("name", ["peak-memory.svg", "peak-memory-reversed.svg"])
def test_an_svg_is_valid_and_opens_by_itself(browser, report, fixture, name):
    file = report(fixture) / name
    tree = xml.etree.ElementTree.fromstring(file.read_text(encoding="utf-8"))
    titles = [title.text for title in tree.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[0].startswith("Peak Tracked Memory Usage (")
    assert titles[1].startswith("all (") and titles[1].endswith(" bytes, 100%)")
    browser.open(file)
    assert browser.complaints() == []


def test_an_svg_zooms_searches_and_resets(browser, report):
    browser.open(report("pandas") / "peak-memory.svg")
    frames = "return document.querySelectorAll('.f[display=inline]').length"
    whole = browser.run(frames)

    def named(function: str, line: int) -> WebElement:
        texts = ((f, f.find_element(By.TAG_NAME, "text").text) for f in browser.all(".f"))
        return next(f for f, text in texts if stands_for(text, function, line))

    browser.click(named("main", 14).find_element(By.TAG_NAME, "rect"))
    assert 1 < browser.run(frames) < whole
    assert named("main", 14).get_attribute("width") == "100%"
    browser.press(Keys.ESCAPE)
    assert browser.run(frames) == whole
    browser.press("/", "X ** 2")  # of its source line
    assert [f.find_element(By.TAG_NAME, "text").text[:4] for f in browser.all(".f.hit")] == ["wide"]
    browser.press(Keys.ESCAPE, "/", "(wide)")
    assert [f.find_element(By.TAG_NAME, "text").text[:4] for f in browser.all(".f.hit")] == [
        "wide",
        "wide",
    ]
    assert browser.text("#found").startswith("2 frames · 5")
    browser.press(Keys.ESCAPE, "/", "flights.py:1")  # not lines 14 and 17
    assert browser.text("#found").startswith("1 frame")
    browser.press(Keys.ESCAPE, "/", "(wide)")
    fragment = browser.fragment()
    browser.open(report("pandas") / "peak-memory.svg", fragment)
    assert len(browser.all(".f.hit")) == 2
    browser.press(Keys.ESCAPE, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    assert named("<module>", 17).get_attribute("width") == "100%"
    before = browser.run(frames)
    browser.click(named("main", 14).find_element(By.TAG_NAME, "rect"))
    assert browser.run(frames) < before
    browser.back()
    assert browser.run(frames) == before
    assert browser.complaints() == []


# Of the labels, those that a box cuts that is so many times as wide as here.
CUT = """
return [...document.querySelectorAll(".f[display=inline]")].filter((frame) => {
  const room = frame.width.baseVal.value * arguments[0] - 4;
  return [...frame.querySelectorAll("text")].some(
    (text) => text.textContent && text.getComputedTextLength() > room);
}).map((frame) => frame.textContent);
"""


def test_the_labels_of_a_printed_svg_fit_into_their_boxes(browser, report):
    browser.look(1400)
    browser.open(report("pandas") / "peak-memory.svg")
    assert browser.run(CUT, 1) == []
    assert browser.run(CUT, 718 / 1400) != []
    browser.run("dispatchEvent(new Event('beforeprint'))")
    assert browser.run(CUT, 718 / 1400) == []
    assert any(stands_for(text.text, "wide", 10) for text in browser.all("text.n"))
    browser.run("dispatchEvent(new Event('afterprint'))")
    assert browser.run(CUT, 718 / 1400) != []


# Of the words above the graph, pairs that lie on each other; and those that stick out.
CLASHES = """
const all = ["title", "search", "reset", "detail", "found"].map((id) => {
  const element = document.getElementById(id);
  element.removeAttribute("display");
  if (!element.textContent.trim()) element.textContent = "some words";
  return [id, element.getBoundingClientRect()];
});
const clash = ([, a], [, b]) =>
  a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
return [
  ...all.flatMap((a, i) => all.slice(0, i).filter((b) => clash(a, b)).map((b) => [a[0], b[0]])),
  ...all.filter(([, a]) => a.left < 0 || a.right > innerWidth).map(([id]) => [id]),
];
"""


@pytest.mark.parametrize("width", [390, 700, 1024])
def test_the_words_above_the_graph_have_room(browser, report, width):
    browser.look(width)
    browser.open(report("pandas") / "peak-memory-reversed.svg")
    assert browser.run(CLASHES) == []


def test_an_svg_is_readable_without_scripts(browser, report):
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.driver.get((report("pandas") / "peak-memory.svg").as_uri())
        texts = [text.text for text in browser.all("text.n")]
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert any(stands_for(text, "wide", 10) for text in texts)
    assert any(stands_for(text, "hstack", 358) for text in texts)
