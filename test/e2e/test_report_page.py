"""The report's page and its SVG files in a real Chromium.

Most of them are of made-up recordings, written by build/test/report/make_report (FIL_MAKE_REPORT
names another one; report_fixtures.hpp makes them up); one is of a real pandas program.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import xml.etree.ElementTree
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from profiling import FIL_PROFILE, ROOT, run_profiled
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

MAKE_REPORT = os.environ.get(
    "FIL_MAKE_REPORT", FIL_PROFILE.parent.parent / "test" / "report" / "make_report"
)
FIXTURES = ["pandas", "large", "recursion", "chain", "hostile", "empty"]


def stands_for(text: str, function: str, line: int) -> bool:
    first = text.split("\n")[0]
    return first.startswith(function + " ") and first.endswith(f":{line}")


class Browser:
    """Chromium, and what tests ask of it."""

    def __init__(self, profile: Path) -> None:
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for flag in (
            "--headless=new --no-sandbox --disable-gpu --no-first-run "
            "--disable-background-networking --disable-component-update --disable-sync "
            "--disable-dev-shm-usage --hide-scrollbars"
        ).split():
            options.add_argument(flag)
        options.add_argument(f"--user-data-dir={profile}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(
            options=options, service=Service(shutil.which("chromedriver"))
        )
        self.driver.set_page_load_timeout(120)
        self.driver.set_script_timeout(60)

    def look(
        self, width: int = 1280, height: int = 900, dark: bool = False, media: str = ""
    ) -> None:
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False},
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia", {"media": media, "features": [scheme]}
        )

    def open(self, file: Path, fragment: str = "") -> None:
        self.driver.get("about:blank")  # so that a new fragment alone loads the page anew
        self.driver.get_log("browser")
        self.driver.get(file.as_uri() + fragment)
        self.settle()

    def settle(self) -> None:
        """Waits until what was asked for is drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0];"
            "requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))"
        )

    def run(self, script: str, *arguments):
        return self.driver.execute_script(script, *arguments)

    def one(self, selector: str) -> WebElement:
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector: str) -> str:
        return self.one(selector).text.replace("\u00a0", " ")

    def boxes(self) -> list[str]:
        """The texts of the graph's boxes, row by row."""
        return self.run("return [...document.querySelectorAll('.box')].map((b) => b.textContent)")

    def box(self, function: str, line: int) -> WebElement:
        """The first box of a function at a line; the path between them depends on the room."""
        return next(box for box in self.all(".box") if stands_for(box.text, function, line))

    def click(self, element: WebElement) -> None:
        element.click()
        self.settle()

    def press(self, *keys: str) -> None:
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()
        self.settle()

    def fragment(self) -> str:
        return self.run("return location.hash")

    def complaints(self) -> list[str]:
        return [entry["message"] for entry in self.driver.get_log("browser")]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    opened = Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.driver.quit()


@pytest.fixture(autouse=True)
def ordinary_look(browser: Browser) -> None:
    browser.look()


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def make(fixture: str) -> Path:
        if fixture not in made:
            made[fixture] = tmp_path_factory.mktemp(fixture)
            subprocess.run([MAKE_REPORT, fixture, made[fixture], "exact"], check=True, timeout=120)
        return made[fixture]

    return make


@pytest.fixture
def pandas(browser: Browser, report: Callable[[str], Path]) -> Browser:
    browser.open(report("pandas") / "index.html")
    return browser


# ---- the page


@pytest.mark.parametrize("fixture", FIXTURES)
def test_it_opens_without_a_word_on_the_console(browser, report, fixture):
    for fragment in ("", "#order=leaves", "#fold=0", "#order=leaves&fold=0&source=0&search=a"):
        browser.open(report(fixture) / "index.html", fragment)
        assert browser.complaints() == []
        assert browser.text(".peak strong").endswith(" MiB")


def test_the_head_says_what_ran_how_it_ended_and_how_much_it_held(pandas):
    assert pandas.text("h1") == "flights.py --year 2013"
    assert pandas.text(".ending") == "exit 0"
    total = pandas.run("return JSON.parse(document.getElementById('model').textContent).facts.peak")
    assert pandas.text(".peak strong") == f"{total / 2**20:,.1f} MiB"
    assert "at 3.2 s of 5.1 s" in pandas.text(".peak")
    assert pandas.one(".peak strong").get_attribute("title") == f"{total:,} bytes"


def test_the_heaviest_line_of_the_user_heads_the_list(pandas):
    first = pandas.all(".line")[0].text.replace("\u00a0", " ").split("\n")
    assert first[0] == "449.0 MiB"
    assert "flights.py:10 wide" in first
    assert "x = np.hstack([x, x ** 2, np.sqrt(np.abs(x))])" in first


def test_a_click_on_a_line_finds_it_in_the_graph(pandas):
    pandas.click(pandas.all(".line")[1])
    hits = [box.text for box in pandas.all(".box.hit")]
    assert hits and all("wide" in hit for hit in hits)
    assert pandas.fragment() == "#search=flights.py%3A9"
    assert pandas.text("#found").startswith("1 line · ")


def test_a_line_number_is_not_the_beginning_of_another(pandas):
    pandas.one("#search").send_keys("flights.py:1")
    pandas.settle()
    assert not [hit for hit in pandas.all(".box.hit") if "main" in hit.text]


def test_a_click_zooms_and_the_trail_leads_back(pandas):
    pandas.click(pandas.box("main", 14))
    boxes = pandas.boxes()
    assert stands_for(boxes[0], "main", 14)
    assert not any(text.startswith("all") for text in boxes)
    widths = pandas.run(
        "return document.querySelector('.box').getBoundingClientRect().width /"
        " document.getElementById('graph').getBoundingClientRect().width"
    )
    assert widths == pytest.approx(1, abs=0.01)
    assert pandas.text("#trail-path").startswith("all")
    pandas.click(pandas.all("#trail-path button")[0])
    assert pandas.boxes()[0].startswith("all")
    assert pandas.fragment() == ""


def test_a_fragment_restores_a_view(browser, report):
    page = report("pandas") / "index.html"
    browser.open(page)
    browser.click(browser.one("label:has(#fold)"))
    browser.click(browser.box("main", 14))
    browser.press("/", "read_csv")
    fragment = browser.fragment()
    before = (browser.boxes()[:3], browser.text("#found"), browser.text("#trail-path"))
    browser.open(page, fragment)
    assert (browser.boxes()[:3], browser.text("#found"), browser.text("#trail-path")) == before
    assert not browser.one("#fold").is_selected()
    assert browser.one("#search").get_attribute("value") == "read_csv"


@pytest.mark.parametrize(
    "fragment", ["#zoom=99999999", "#zoom=-1", "#zoom=x&search=%", "#%%%&&=", "#__proto__=1"]
)
def test_a_fragment_of_nonsense_shows_the_whole(browser, report, fragment):
    browser.open(report("pandas") / "index.html", fragment)
    assert browser.complaints() == []
    assert browser.boxes()[0].startswith("all")


def test_search_marks_what_it_finds_and_says_how_much_that_holds(pandas):
    pandas.press("/", "np.hstack")
    assert pandas.text("#found") == "nothing found"  # names and places, not source text
    pandas.press(Keys.ESCAPE, "/", "WIDE")
    assert all("wide" in hit.text for hit in pandas.all(".box.hit"))
    whole = float(pandas.text("#trail-path b span").removesuffix(" MiB"))
    lines, size, share = pandas.text("#found").split(" · ")
    assert lines == "2 lines"
    held = float(size.removesuffix(" MiB"))
    assert float(share.removesuffix(" %")) == pytest.approx(100 * held / whole, abs=0.1)
    assert 533 <= held < 560  # 449 + 84 and something small


def test_search_finds_what_a_folded_box_joins(pandas):
    pandas.press("/", "_interleave")
    assert [hit.text for hit in pandas.all(".box.hit")] == ["pandas · 3 frames"]


def test_the_keyboard_alone_is_enough(pandas):
    pandas.press("/", "wide", Keys.ENTER)
    assert pandas.one(".box.active").text.startswith("wide")
    assert pandas.one("#tooltip").is_displayed()
    pandas.press(Keys.ARROW_UP)
    assert stands_for(pandas.one(".box.active").text, "main", 15)
    pandas.press(Keys.ARROW_RIGHT)
    assert stands_for(pandas.one(".box.active").text, "main", 14)
    pandas.press(Keys.ARROW_LEFT, Keys.ARROW_DOWN, Keys.ENTER)
    assert stands_for(pandas.boxes()[0], "wide", 10)
    assert "flights.py:10" in pandas.text("#trail-path")
    pandas.press(Keys.BACKSPACE)
    assert stands_for(pandas.boxes()[0], "main", 15)
    pandas.press(Keys.ESCAPE)
    assert pandas.boxes()[0].startswith("all")
    assert pandas.one("#search").get_attribute("value") == ""
    assert pandas.fragment() == ""


def test_libraries_fold_and_unfold(pandas):
    folded = pandas.boxes()
    assert any(text.startswith("pandas · 3 frames") for text in folded)
    assert not any(text.startswith("as_array") for text in folded)
    pandas.click(pandas.one("label:has(#fold)"))
    unfolded = pandas.boxes()
    assert any(text.startswith("as_array") for text in unfolded)
    assert not any("frames" in text for text in unfolded)


def test_source_lines_come_and_go(pandas):
    source = "x = np.hstack([x, x ** 2, np.sqrt(np.abs(x))])"
    assert any(text.endswith("\n" + source) for text in pandas.boxes())
    pandas.click(pandas.one("label:has(#source)"))
    assert not any("\n" in text for text in pandas.boxes())


def test_leaves_first_puts_the_allocating_line_on_top(pandas):
    pandas.click(pandas.one("label:has(#leaves)"))
    rows = pandas.run(
        "return [...document.querySelectorAll('.row')].map((r) => r.firstChild.textContent)"
    )
    assert [row.split("  ")[0] for row in rows[:5]] == ["all", "hstack", "wide", "main", "<module>"]


def test_a_recursion_is_one_box(browser, report):
    browser.open(report("recursion") / "index.html")
    assert any(text.startswith("walk \u00d720,000") for text in browser.boxes())


def test_the_tooltip_tells_everything_about_a_box(pandas):
    ActionChains(pandas.driver).move_to_element(pandas.box("wide", 10)).perform()
    pandas.settle()
    told = pandas.text("#tooltip")
    for part in (
        "flights.py:10",
        "def wide(t):",
        "return x",
        "of the peak",
        "of its caller",
        "allocations so far",
    ):
        assert part in told
    assert f"{(418 + 31) * 2**20:,} bytes" in told


def test_the_wheel_scrolls_the_page(browser, report):
    browser.open(report("chain") / "index.html")
    origin = ScrollOrigin.from_viewport(300, 800)
    ActionChains(browser.driver).scroll_from_origin(origin, 0, 600).perform()
    WebDriverWait(browser.driver, 20).until(
        lambda driver: driver.execute_script("return scrollY") > 300
    )


@pytest.mark.parametrize("fixture", ["large", "chain", "recursion"])
def test_at_most_ten_thousand_elements_are_drawn(browser, report, fixture):
    browser.look(3840, 2160)
    for fragment in ("#fold=0", "#fold=0&order=leaves&source=0"):
        browser.open(report(fixture) / "index.html", fragment)
        assert browser.run("return document.getElementsByTagName('*').length") <= 10_000


def test_rows_far_down_are_drawn_when_they_are_reached(browser, report):
    browser.open(report("chain") / "index.html", "#fold=0")
    assert not any(text.startswith("step_15000 ") for text in browser.boxes())
    browser.run(
        "const graph = document.getElementById('graph');"
        "scrollTo(0, graph.offsetTop + graph.offsetHeight * 0.75)"
    )
    WebDriverWait(browser.driver, 20).until(
        lambda _: any(text.startswith("step_15000 ") for text in browser.boxes())
    )


def test_hostile_names_are_shown_and_never_run(browser, report):
    for name in ("index.html", "peak-memory.svg", "peak-memory-reversed.svg"):
        browser.open(report("hostile") / name)
        assert browser.run("return window.pwned") is None
        assert browser.run("return document.querySelectorAll('img').length") == 0
        assert browser.run("return document.scripts ? document.scripts.length : 1") <= 2
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


def test_it_works_in_a_sandboxed_frame_of_a_notebook(browser, report, tmp_path):
    page = (report("pandas") / "index.html").read_text()
    holder = tmp_path / "notebook.html"
    escaped = page.replace("&", "&amp;").replace('"', "&quot;")
    holder.write_text(
        '<!DOCTYPE html><iframe sandbox="allow-scripts" width="1000" height="700" '
        f'srcdoc="{escaped}"></iframe>'
    )
    browser.open(holder)
    browser.driver.switch_to.frame(browser.one("iframe"))
    try:
        browser.settle()
        browser.click(browser.box("wide", 10))
        assert stands_for(browser.boxes()[0], "wide", 10)
    finally:
        browser.driver.switch_to.default_content()
    assert browser.complaints() == []


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


def test_the_time_strip_reads_values_under_the_pointer(pandas):
    strip = pandas.one("#time > svg")
    ActionChains(pandas.driver).move_to_element_with_offset(strip, 0, 0).perform()
    pandas.settle()
    assert pandas.text(".reading").split()[:3] == ["2.6", "s", "allocated"]
    assert pandas.text(".reading").count("MiB") == 2


def test_the_foot_is_honest(pandas):
    foot = pandas.text("#foot")
    for part in (
        "Exact",
        "ARROW_DEFAULT_MEMORY_POOL=system",
        "181.0 MiB mapped files",
        "64.0 MiB address space reserved",
    ):
        assert part in foot
    assert "1,024.0 MiB mapped at once, of which only 12.0 MiB was ever touched" in pandas.text(
        "#lines"
    )
    assert pandas.text("#hidden").startswith("not shown: ")


def test_the_foot_of_several_threads_and_processes_is_honest_too(browser, report):
    browser.open(report("hostile") / "index.html")
    foot = browser.text("#foot")
    for part in ("exact to within 0.1 MiB", "7 events missed", "1 child process could not be"):
        assert part in foot
    assert "of this process, 85.0 MiB of all" in browser.text(".peak").replace("\n", " ")


# ---- a real program


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
    assert "x = np.hstack([x, x**2, np.sqrt(abs(x)), np.log1p(abs(x))])" in first and "wide" in first


def test_flights_can_be_walked_through(browser, flights):
    browser.open(flights / "index.html")
    browser.click(browser.all(".line")[0])
    hit = browser.one(".box.hit")
    assert hit.text.startswith("wide")
    browser.click(hit)
    assert browser.boxes()[0].startswith("wide")
    browser.press(Keys.ESCAPE, "/", "read_csv")
    assert browser.all(".box.hit") and browser.text("#found").endswith(" %")
    browser.press(Keys.ENTER, Keys.ARROW_UP, Keys.ENTER)
    assert browser.boxes()[0].startswith("load")
    assert browser.complaints() == []


@pytest.mark.parametrize("name", ["peak-memory.svg", "peak-memory-reversed.svg"])
def test_the_pictures_of_flights_hold_its_source(browser, flights, name):
    text = (flights / name).read_text(encoding="utf-8")
    line = "    x = np.hstack([x, x**2, np.sqrt(abs(x)), np.log1p(abs(x))])"
    assert ">" + line.replace(" ", "\u00a0") in text
    browser.open(flights / name)
    assert browser.complaints() == []


# ---- the SVG files


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
    browser.press("/", "wide")
    assert [f.find_element(By.TAG_NAME, "text").text[:4] for f in browser.all(".f.hit")] == [
        "wide",
        "wide",
    ]
    assert browser.text("#found").startswith("2 frames · 5")
    fragment = browser.fragment()
    browser.open(report("pandas") / "peak-memory.svg", fragment)
    assert len(browser.all(".f.hit")) == 2
    browser.press(Keys.ESCAPE, Keys.ARROW_DOWN, Keys.ARROW_DOWN, Keys.ENTER)
    assert named("<module>", 17).get_attribute("width") == "100%"
    assert browser.complaints() == []


def test_an_svg_is_readable_without_scripts(browser, report):
    browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        browser.driver.get((report("pandas") / "peak-memory.svg").as_uri())
        texts = [text.text for text in browser.all("text.n")]
    finally:
        browser.driver.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    assert any(stands_for(text, "wide", 10) for text in texts)
    assert any(stands_for(text, "hstack", 358) for text in texts)
