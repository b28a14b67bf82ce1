"""The report's page in a real Chromium, of made-up recordings: the head, the lines, the graph."""

from __future__ import annotations

import pytest
from browser import FIXTURES, stands_for
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.actions.wheel_input import ScrollOrigin
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait


@pytest.mark.parametrize("fixture", FIXTURES)
def test_it_opens_without_a_word_on_the_console(browser, report, fixture):
    for fragment in ("", "#order=leaves", "#fold=0", "#order=leaves&fold=0&source=0&search=a"):
        browser.open(report(fixture) / "index.html", fragment)
        assert browser.complaints() == []
        assert browser.text(".peak strong").endswith(("MiB", "KiB", " B"))


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


def test_a_click_on_a_line_zooms_to_its_box(pandas):
    pandas.click(pandas.all(".line")[1])
    assert [stands_for(box.text, "wide", 9) for box in pandas.all(".box.hit")] == [True]
    assert stands_for(pandas.boxes()[0], "wide", 9)
    row = pandas.text(".lines li:nth-child(2) .bytes")
    shown = pandas.text("#trail-path b span")
    assert pandas.text("#found") == f"flights.py:9 · {row}, of which {shown} shown here"
    assert pandas.one("#search").get_attribute("value") == ""


def test_a_line_says_what_it_holds_itself_and_with_what_it_called(browser, report):
    browser.open(report("measures") / "index.html")
    rows = [row.text.replace("\u00a0", " ") for row in browser.all(".line")]
    own = next(row for row in rows if "history" in row)
    assert own.startswith("104.0 MiB") and "(123.0 MiB with rolling)" in own
    assert any("(49.0 MiB with start and rolling)" in row for row in rows if "groups" in row)
    assert sum("with" in row for row in rows) == 2
    browser.click(next(row for row in browser.all(".line") if "history" in row.text))
    assert browser.text("#found") == "données.py:9 · 104.0 MiB (123.0 MiB with rolling)"
    assert browser.text("#trail-path b span") == "123.0 MiB"


def test_a_line_at_several_places_zooms_to_where_all_of_them_are(browser, report):
    browser.open(report("measures") / "index.html")
    row = next(row for row in browser.all(".line") if "données.py:6 rolling" in row.text)
    assert row.text.startswith("26.0")
    browser.click(row)
    assert stands_for(browser.boxes()[0], "<module>", 19)
    assert len(browser.all(".box.hit")) == 2
    fragment = browser.fragment()
    browser.open(report("measures") / "index.html", fragment)
    assert len(browser.all(".box.hit")) == 2
    assert browser.text("#found") == "données.py:6 · 26.0 MiB"
    browser.press("/", "rolling.py:2000")
    assert browser.text("#found").startswith("1 line · 26.0 MiB · ")


def test_what_threads_of_libraries_took_stands_before_the_lines(browser, report):
    browser.open(report("threads") / "index.html")
    rows = [row.text.replace("\u00a0", " ") for row in browser.all(".line")]
    polars = "polars' threads, started at sales.py:12, for any later line"
    assert rows[0].split("\n")[0] == "640.0 MiB" and polars in rows[0]
    assert "gomp's threads, started at sales.py:17" in rows[1]
    assert rows[2].startswith("120.0 MiB") and "sales.py:19" in rows[2]
    assert "3.0 MiB (0.4 %) in threads of libraries" in browser.text("#lines").replace(
        "\u00a0", " "
    )
    # Colour is not what says it, nor is it words alone.
    hatch = "return getComputedStyle(arguments[0])[arguments[1]]"
    assert "gradient" in browser.run(hatch, browser.one(".hatched .bar svg"), "maskImage")
    browser.click(browser.all(".line")[0])
    assert browser.text("#found") == "polars' threads · 640.0 MiB"
    assert ["[threads of polars]" in box.text for box in browser.all(".box.hit")] == [True]
    fragment = browser.fragment()
    browser.open(report("threads") / "index.html", fragment)
    assert browser.text("#found") == "polars' threads · 640.0 MiB"


def test_lines_that_import_are_one_row_that_opens(browser, report):
    browser.open(report("measures") / "index.html")
    shown = "return [...document.querySelectorAll('.line')].filter((l) => l.offsetHeight).length"
    assert browser.run(shown) == 5
    first = browser.all(".line")[0]
    assert "imports: 148.0 MiB in 3 lines" in first.text.replace("\u00a0", " ")
    browser.click(first)
    assert browser.run(shown) == 8
    assert "import pandas as pd" in browser.all(".line")[2].text
    browser.click(first)
    assert browser.run(shown) == 5


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
    pandas.press("/", "no such words")
    assert pandas.text("#found") == "nothing found"
    pandas.press(Keys.ESCAPE, "/", "def WIDE")
    assert pandas.text("#found") == "nothing found"  # around a line is not in it
    pandas.press(Keys.ESCAPE, "/", ".py:10 WIDE")
    assert pandas.text("#found").startswith("1 line · 449.0 MiB")
    pandas.press(Keys.ESCAPE, "/", "WIDE  flights")
    assert all("wide" in hit.text for hit in pandas.all(".box.hit"))
    whole = float(pandas.text("#trail-path b span").removesuffix(" MiB"))
    lines, size, share = pandas.text("#found").split(" · ")
    assert lines == "2 lines"
    held = float(size.removesuffix(" MiB"))
    assert float(share.removesuffix(" %")) == pytest.approx(100 * held / whole, abs=0.1)
    assert 533 <= held < 560  # 449 + 84 and something small


@pytest.mark.parametrize("words", ["np.hstack", "HISTORY  =  np.HSTACK", "rolling(t) for"])
def test_search_looks_into_source_lines(browser, report, words):
    browser.open(report("measures") / "index.html")
    browser.press("/", words)
    assert [hit.text.split()[0] for hit in browser.all(".box.hit")] == ["history"]
    assert browser.text("#found").startswith("1 line · 123.0 MiB · ")


def test_search_finds_what_a_folded_box_joins(pandas):
    pandas.press("/", "_interleave")
    assert [hit.text for hit in pandas.all(".box.hit")] == ["pandas · 3 frames\n_interleave  :1753"]


def test_the_keyboard_alone_is_enough(pandas):
    pandas.press("/", "wide flights", Keys.ENTER)
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


def test_a_fold_is_called_after_its_innermost_frame_and_opens_in_place(browser, report):
    browser.look(3000)
    browser.open(report("measures") / "index.html")
    fold = next(box for box in browser.all(".box") if box.text.startswith("sklearn · 3 frames"))
    assert fold.text == "sklearn · 3 frames\n_init_centroids  …/_kmeans.py:207"
    browser.click(browser.one("label:has(#source)"))
    assert "sklearn · 3 frames  _init_centroids" in browser.boxes()
    browser.click(browser.one("label:has(#source)"))
    fold = next(box for box in browser.all(".box") if box.text.startswith("sklearn · 3 frames"))
    rows = browser.run("return document.querySelectorAll('.row').length")
    browser.click(fold)
    opened = [box for box in browser.boxes() if "_kmeans.py" in box]
    assert [box.split()[0] for box in opened] == ["wrapper", "fit", "_init_centroids"]
    assert browser.boxes()[0].startswith("all"), "nothing was zoomed"
    others = [box for box in browser.boxes() if box.startswith("numpy · 2 frames")]
    assert others == ["numpy · 2 frames\nnumpy/__init__.py"], "others stay"
    assert browser.run("return document.querySelectorAll('.row').length") > rows
    fragment = browser.fragment()
    browser.back()
    assert any(box.startswith("sklearn · 3 frames") for box in browser.boxes())
    browser.open(report("measures") / "index.html", fragment)
    assert [box for box in browser.boxes() if "_kmeans.py" in box] == opened
    browser.press(Keys.ESCAPE)
    assert browser.fragment() == ""


def test_a_narrow_fold_opens_below_its_caller_as_wide_as_the_page(pandas):
    fold = next(box for box in pandas.all(".box") if box.text.startswith("pandas · 3 frames"))
    pandas.click(fold)
    boxes = pandas.boxes()
    assert stands_for(boxes[0], "wide", 9)
    assert [box.split()[0] for box in boxes if "frame.py" in box][:1] == ["to_numpy"]
    pandas.back()
    assert pandas.boxes()[0].startswith("all")


def test_a_fold_opens_leaves_first_and_by_key_as_well(browser, report):
    browser.look(2000)
    browser.open(report("measures") / "index.html", "#order=leaves&search=_init_centroids")
    browser.press("/", Keys.ENTER)
    assert browser.one(".box.active").text.startswith("sklearn · 3 frames")
    browser.press(Keys.ENTER)
    assert any(box.startswith("_init_centroids") for box in browser.boxes())
    assert browser.boxes()[0].startswith("all")


def test_back_undoes_a_zoom(pandas):
    pandas.click(pandas.box("main", 15))
    pandas.click(pandas.box("wide", 10))
    pandas.back()
    assert stands_for(pandas.boxes()[0], "main", 15)
    pandas.back()
    assert pandas.boxes()[0].startswith("all")
    assert pandas.fragment() == ""


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


def test_a_recursion_through_two_functions_is_found_by_both(browser, report):
    browser.open(report("cycle") / "index.html")
    for name in ("visit walker", "generic_visit"):
        browser.press(Keys.ESCAPE, "/", name)
        assert browser.all(".box.hit")[-1].text.startswith("generic_visit ⇄ visit")
        assert browser.text("#found").split(" · ")[1] == "85.0 MiB"
    row = next(row for row in browser.all(".line") if "generic_visit" in row.text)
    browser.click(row)
    assert [hit.text.split()[0] for hit in browser.all(".box.hit")] == ["generic_visit"]


def test_a_line_that_the_graph_leaves_out_says_so(browser, report):
    browser.open(report("cycle") / "index.html")
    row = next(row for row in browser.all(".line") if "walker.py:2 " in row.text)
    browser.click(row)
    assert browser.text("#found") == "walker.py:2 · 0.3 MiB, of which 0 B shown here"
    assert browser.boxes()[0].startswith("all")
    assert browser.complaints() == []


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


def test_a_tooltip_stays_when_it_is_pinned_with_its_callstack_and_link_to_copy(pandas):
    pandas.run(
        "Object.defineProperty(navigator, 'clipboard', {value: "
        "{writeText: async (text) => { window.copied = text; }}})"
    )
    ActionChains(pandas.driver).context_click(pandas.box("wide", 10)).perform()
    ActionChains(pandas.driver).move_to_element(pandas.one("footer")).perform()
    pandas.settle()
    assert pandas.one("#tooltip").is_displayed()
    callstack, link, _ = pandas.all("#tooltip button")
    pandas.click(callstack)
    assert pandas.run("return copied").split("\n") == [
        "449.0 MiB (470,810,624 bytes), 70.0 % of 641.5 MiB",
        "  flights.py:17 (<module>)",
        "    main()",
        "  flights.py:15 (main)",
        "    print(wide(t).mean())",
        "  flights.py:10 (wide)",
        "    x = np.hstack([x, x ** 2, np.sqrt(np.abs(x))])",
        "",
    ]
    pandas.click(link)
    assert link.text == "link copied"
    address = pandas.run("return copied")
    assert pandas.fragment() == ""
    pandas.press(Keys.ESCAPE)
    assert not pandas.one("#tooltip").is_displayed()
    pandas.driver.get("about:blank")
    pandas.driver.get(address)
    pandas.settle()
    assert stands_for(pandas.boxes()[0], "wide", 10)


def test_a_tooltip_is_pinned_and_closed_by_keys(pandas):
    pandas.press("/", "_interleave", Keys.ENTER, "p")
    assert pandas.run("return document.activeElement.textContent") == "copy callstack"
    pandas.press(Keys.ESCAPE)
    assert not pandas.one("#tooltip").is_displayed()
    assert pandas.one("#search").get_attribute("value") == "_interleave"
    assert pandas.run("return document.activeElement.id") == "graph"


def test_the_graph_scrolls_inside_and_the_wheel_goes_on_to_the_page(browser, report):
    browser.open(report("chain") / "index.html")
    assert browser.run("return document.documentElement.scrollHeight") < 3000
    graph = "return document.getElementById('graph')."
    browser.run(graph + "scrollTop = 1e9")
    browser.settle()
    bottom = browser.run(graph + "scrollTop")
    assert bottom > 100_000

    def wheel(driver) -> bool:
        origin = ScrollOrigin.from_viewport(300, 700)
        ActionChains(driver).scroll_from_origin(origin, 0, 300).perform()
        return browser.run("return scrollY") > 100

    WebDriverWait(browser.driver, 20).until(wheel)


@pytest.mark.parametrize("fixture", ["large", "chain", "recursion"])
def test_at_most_ten_thousand_elements_are_drawn(browser, report, fixture):
    browser.look(3840, 2160)
    for fragment in ("#fold=0", "#fold=0&order=leaves&source=0"):
        browser.open(report(fixture) / "index.html", fragment)
        assert browser.run("return document.getElementsByTagName('*').length") <= 10_000


def test_rows_far_down_are_drawn_when_they_are_reached(browser, report):
    browser.open(report("chain") / "index.html", "#fold=0")
    assert not any(text.startswith("step_7500 ") for text in browser.boxes())
    browser.run(
        "const graph = document.getElementById('graph');graph.scrollTop = graph.scrollHeight * 0.75"
    )
    WebDriverWait(browser.driver, 20).until(
        lambda _: any(text.startswith("step_7500 ") for text in browser.boxes())
    )


def test_without_scripts_head_lines_and_a_small_graph_are_there(browser, report):
    page = report("pandas") / "index.html"
    scripts = "Emulation.setScriptExecutionDisabled"
    browser.driver.execute_cdp_cmd(scripts, {"value": True})
    try:
        browser.driver.get(page.as_uri())
        text = browser.driver.find_element("tag name", "body").text.replace("\u00a0", " ")
    finally:
        browser.driver.execute_cdp_cmd(scripts, {"value": False})
    browser.open(page)
    for said in ["#head h1", ".peak strong", ".line .bytes", ".line .where", ".line code"]:
        assert browser.text(said).replace("\u00a0", " ") in text
    assert "all 641.5 MiB" in text
    assert "search" not in text and "How exact" not in text
    # With scripts nothing of that is left to be read twice.
    assert browser.run("return document.querySelectorAll('.plain').length") == 0
    assert browser.run("return document.querySelectorAll('.scripted[hidden]').length") == 0
