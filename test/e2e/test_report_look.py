"""The page in every surrounding: hostile names, a notebook's frame, narrow and dark, on paper."""

from __future__ import annotations

import contextlib

import pytest
from browser import stands_for
from selenium.webdriver.common.keys import Keys


def test_hostile_names_are_shown_and_never_run(browser, report):
    for name in ("index.html", "peak-memory.svg", "peak-memory-reversed.svg"):
        browser.open(report("hostile") / name)
        assert browser.run("return window.pwned") is None
        assert browser.run("return document.querySelectorAll('img').length") == 0
        assert browser.run("return document.scripts ? document.scripts.length : 1") <= 3
        shown = browser.run("return document.documentElement.textContent")
        assert "<script>window.pwned=1</script>" in shown
        assert browser.complaints() == []
    browser.open(report("hostile") / "index.html")
    assert any("\\u202egpj.py" in text for text in browser.boxes())
    assert browser.text(".ending") == "killed by SIGSEGV"


def test_the_policy_stops_even_a_script_that_got_in(pandas):
    pandas.run(
        "const s = document.createElement('script'); s.textContent = 'window.pwned = 1';"
        "document.body.append(s);"
        "const i = document.createElement('img'); i.setAttribute('onerror', 'window.pwned = 1');"
        "i.src = 'x'; document.body.append(i)"
    )
    pandas.settle()
    assert pandas.run("return window.pwned") is None


@contextlib.contextmanager
def framed(browser, report, holder, height):
    """The report in a frame, as notebooks show it."""
    page = (report / "index.html").read_text()
    escaped = page.replace("&", "&amp;").replace('"', "&quot;")
    holder.write_text(
        f'<!DOCTYPE html><iframe sandbox="allow-scripts" width="1000" height="{height}" '
        f'srcdoc="{escaped}"></iframe>'
    )
    browser.open(holder)
    browser.driver.switch_to.frame(browser.one("iframe"))
    try:
        browser.settle()
        yield
    finally:
        browser.driver.switch_to.default_content()
    assert browser.complaints() == []


def test_it_works_in_a_sandboxed_frame_of_a_notebook(browser, report, tmp_path):
    with framed(browser, report("pandas"), tmp_path / "notebook.html", 700):
        browser.click(browser.all(".line")[1])
        assert stands_for(browser.boxes()[0], "wide", 9)
        browser.press(Keys.ESCAPE)
        browser.click(browser.box("wide", 10))
        assert stands_for(browser.boxes()[0], "wide", 10)
        browser.press(Keys.ARROW_DOWN, "p", Keys.ENTER)
        assert [b.text for b in browser.all("#tooltip button")] == ["callstack copied", "close esc"]


def test_a_frame_that_follows_the_height_of_its_page_does_not_grow_for_ever(
    browser, report, tmp_path
):
    height = "return document.documentElement.getBoundingClientRect().height"
    with framed(browser, report("chain"), tmp_path / "low.html", 700):
        low = browser.run(height)
    with framed(browser, report("chain"), tmp_path / "high.html", 3000):
        assert browser.run(height) == low


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [390, 1024, 3840])
@pytest.mark.parametrize("fixture", ["pandas", "hostile"])
def test_nothing_sticks_out_sideways(browser, report, fixture, width, dark):
    browser.look(width, 900, dark)
    browser.open(report(fixture) / "index.html")
    assert browser.run("return document.documentElement.scrollWidth") <= width
    paper = browser.run("return getComputedStyle(document.body).backgroundColor")
    assert (paper == "rgb(255, 255, 255)") != dark


CONTRAST = """
const parse = (text) => text.match(/[\\d.]+/g).map(Number);
const luminance = (rgb) => rgb.slice(0, 3).map((v) => v / 255)
  .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
const behind = (node) => {
  for (; node; node = node.parentElement) {
    const rgb = parse(getComputedStyle(node).backgroundColor);
    if (rgb.length < 4 || rgb[3] > 0) return rgb;
  }
};
const weak = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
for (let text; (text = walker.nextNode());) {
  const at = text.parentElement;
  if (!text.data.trim() || at.closest("script, svg, .aside, :disabled")) continue;
  if (!at.getClientRects().length) continue;
  const [a, b] = [luminance(parse(getComputedStyle(at).color)), luminance(behind(at))];
  const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (ratio < 4.5) weak.push(text.data.slice(0, 40) + " " + ratio.toFixed(2));
}
return weak;
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_text_has_enough_contrast(browser, report, dark):
    browser.look(dark=dark)
    for fragment in ("#search=wide", "#fold=0&order=leaves"):
        browser.open(report("pandas") / "index.html", fragment)
        assert browser.run(CONTRAST) == []


def test_on_paper_the_graph_is_whole_and_the_tools_are_gone(browser, report):
    browser.look(height=300)
    browser.open(report("pandas") / "index.html", "#fold=0")
    rows = "return document.querySelectorAll('.row').length"
    near_the_window = browser.run(rows)
    browser.look(height=300, media="print")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    browser.settle()
    assert not browser.one("#tools").is_displayed()
    assert browser.run(rows) > max(near_the_window, 20)


# What of the strip and of the boxes' texts does not fit where it is shown.
CUT = """
const strip = document.querySelector("#time > svg").getBoundingClientRect();
const edges = [...document.querySelectorAll("#time path, #time text")]
  .map((part) => part.getBoundingClientRect()).filter((r) => r.width > 0);
const range = document.createRange();
return [
  ...edges.filter((r) => r.right > strip.right + 8).map((r) => "strip " + r.right),
  ...(strip.right > innerWidth ? ["the strip ends at " + strip.right] : []),
  ...[...document.querySelectorAll(".box")].filter((box) => {
    range.selectNodeContents(box);
    return range.getBoundingClientRect().right > box.getBoundingClientRect().right;
  }).map((box) => box.textContent),
];
"""


@pytest.mark.parametrize("width", [718, 740, 1050])
def test_on_paper_nothing_is_cut(browser, report, width):
    browser.look(1600)
    browser.open(report("pandas") / "index.html", "#fold=0")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    browser.look(width, media="print")
    assert browser.run(CUT) == []
    browser.look()
    browser.run("dispatchEvent(new Event('afterprint'))")
    browser.settle()
    assert browser.run(CUT) == []


def test_the_strip_shrinks_to_a_small_page(browser, report):
    browser.open(report("pandas") / "index.html")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    browser.look(480, media="print")
    assert [cut for cut in browser.run(CUT) if "strip" in cut] == []
    browser.run("dispatchEvent(new Event('afterprint'))")


def test_a_deep_recursion_is_no_book(browser, report):
    browser.open(report("chain") / "index.html")
    browser.run("dispatchEvent(new Event('beforeprint'))")
    browser.look(718, media="print")
    assert browser.run("return document.documentElement.scrollHeight") < 12_000
    assert "rows below, not printed" in browser.text("#graph")
    browser.run("dispatchEvent(new Event('afterprint'))")
