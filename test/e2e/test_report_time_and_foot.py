"""The page's time strip and its foot: when, and how exact."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.action_chains import ActionChains


def test_the_time_strip_reads_values_under_the_pointer(pandas):
    strip = pandas.one("#time > svg")
    ActionChains(pandas.driver).move_to_element_with_offset(strip, 0, 0).perform()
    pandas.settle()
    assert pandas.text(".reading").split()[:3] == ["2.6", "s", "allocated"]
    assert pandas.text(".reading").count("MiB") == 2


def test_the_foot_is_honest(pandas):
    pandas.click(pandas.one("#run summary"))
    foot = pandas.text("#foot")
    for part in (
        "Exact",
        "ARROW_DEFAULT_MEMORY_POOL=system",
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
    for part in ("exact to within 0.1 MiB", "7 events missed", "1 child process ran unrecorded"):
        assert part in foot
    assert "of 2 processes together" in browser.text(".peak").replace("\n", " ")


def test_the_strip_has_a_scale(pandas):
    words = [text.text.replace("\u00a0", " ") for text in pandas.all("#time .over")]
    assert words == ["200 MiB", "400 MiB", "600 MiB"]
    top = pandas.run("return document.querySelector('#time circle').cy.baseVal.value")
    ys = pandas.run(
        "return [...document.querySelectorAll('#time .axis')].map((l) => +l.y1.baseVal.value)"
    )
    assert ys == sorted(ys, reverse=True) or ys[:-1] == sorted(ys[:-1], reverse=True)
    assert top < min(ys)


THROUGH_PEAK = """
const { cx, cy } = document.querySelector("#time circle");
const [x, y] = [cx, cy].map((at) => Math.round(10 * at.baseVal.value) / 10);
const line = document.querySelector("#time > svg path.allocated");
return line.getAttribute("d").includes(`L${x} ${y}`);
"""


@pytest.mark.parametrize("fixture", ["processes", "measures", "pandas"])
def test_the_line_goes_through_the_peak_which_no_sample_met(browser, report, fixture):
    browser.open(report(fixture) / "index.html")
    assert browser.run(THROUGH_PEAK)


OVERLAPS = """
const boxes = [...document.querySelectorAll("#time text")].map((text) => [
  text.textContent, text.getBoundingClientRect()]);
return boxes.flatMap(([name, a], i) => boxes.slice(i + 1)
  .filter(([, b]) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom)
  .map(([other]) => name + " over " + other));
"""


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("fixture", ["processes", "hostile", "pandas"])
def test_the_words_of_the_time_strip_do_not_overlap(browser, report, fixture, width):
    browser.look(width)
    browser.open(report(fixture) / "index.html")
    assert browser.run(OVERLAPS) == []


def test_the_strip_of_several_processes_names_them_and_tells_its_end(browser, report):
    browser.open(report("processes") / "index.html")
    words = [text.text.replace("\u00a0", " ") for text in browser.all("#time text")]
    assert "pool.py" in words
    assert "480 ms" in words


def test_short_times_and_small_sizes_are_told_in_smaller_units(browser, report):
    browser.open(report("processes") / "index.html")
    assert "at 470 ms of 480 ms" in browser.text(".peak")
    assert "of which only 40.0 KiB was ever touched" in browser.text("#lines")


def test_files_and_shared_memory_stand_beside_the_peak_with_their_stacks(pandas):
    mapped = pandas.text("#mapped")
    assert "181.0 MiB mapped files" in mapped
    assert "24.0 MiB shared memory" in mapped
    assert "20.0 MiB resident in arenas" in mapped
    assert "of 64.0 MiB reserved" in mapped
    assert "address space" not in mapped
    assert not pandas.one(".stack").is_displayed()
    rows = pandas.all(".mapped summary")
    assert "flights.py:5 load" in rows[1].text
    pandas.click(rows[1])
    stack = pandas.all(".mapped details[open] .stack li")
    assert [frame.text.split()[-1] for frame in stack] == ["<module>", "main", "load", "hstack"]


def test_nothing_is_said_of_mappings_where_there_are_none(browser, report):
    browser.open(report("processes") / "index.html")
    assert not browser.one("#mapped").is_displayed()


def test_resident_memory_is_told_wherever_it_is_drawn(browser, report):
    browser.open(report("measures") / "index.html")
    assert "resident then 320.8 MiB" in browser.text("#head")
    assert "not sampled" not in browser.text("#head")


MARKED = """
const words = [...document.querySelectorAll("#time text")];
const mark = words.find((one) => one.textContent.includes("stay"));
if (!mark) return null;
const { right } = mark.getBoundingClientRect();
const all = document.querySelector("#time > svg").getBoundingClientRect();
return [mark.textContent.replace(/\\s/g, " "), (right - all.left) / all.width];
"""


def test_what_stays_when_the_data_is_gone_is_listed_in_the_head_and_marked_in_the_strip(
    browser, report
):
    browser.open(report("native") / "index.html")
    said = browser.text("#head").replace("\u00a0", " ").split("\n")
    at = said.index("at the end 12.8 MiB allocated, 38.6 MiB resident; at 4.8 s:")
    assert said[at + 1 : at + 5] == [
        "1.0 MiB in use",
        "48.0 MiB code of the program and its libraries, files",
        "39.0 MiB freed but kept by malloc, and its headers",
        "6.0 MiB free pages that malloc keeps",
    ]
    words, place = browser.run(MARKED)
    assert words == "45.0 MiB stay, mostly: freed but kept by malloc, and its headers"
    assert place == pytest.approx(4.8 / 5.12, abs=0.01)
    # Nobody looked at its end.
    browser.open(report("pandas") / "index.html")
    said = browser.text("#head").replace("\u00a0", " ")
    assert "resident\n" in said[said.index("at the end ") :]
    assert browser.run(MARKED) is None


def test_a_native_program_has_no_interpreter(browser, report):
    browser.open(report("native") / "index.html")
    assert "data, stacks, freed but kept" in browser.text("#head")
    assert "interpreter" not in browser.text("#head")


def test_lines_that_keep_half_empty_memory_stand_below_the_graph(browser, report):
    browser.open(report("native") / "index.html")
    assert browser.text("#sparse h2") == "Your lines that keep half-empty memory"
    heads = [head.text.replace("\u00a0", " ") for head in browser.all("#sparse h3")]
    assert heads == [
        "8.3 MiB at the peak",
        "33.1 MiB at 4.8 s, when the data of the peak was gone",
    ]
    rows = [row.text.replace("\u00a0", " ").split("\n") for row in browser.all("#sparse .line")]
    assert [(row[0], row[1]) for row in rows] == [
        ("6.0 MiB", "72.5 %"),
        ("2.3 MiB", "27.2 %"),
        ("24.0 MiB", "72.5 %"),
        ("9.0 MiB", "27.2 %"),
    ]
    assert "grid.cpp:71" in rows[0][2]
    assert "grid.cpp:112" in rows[3][2]
    assert browser.run(
        "return [...document.querySelectorAll('#sparse .line')].every("
        "(row) => row.scrollWidth <= row.clientWidth)"
    )
    browser.open(report("pandas") / "index.html")
    assert not browser.one("#sparse").is_displayed()
    assert browser.complaints() == []


def test_the_variables_that_we_set_are_one_line_until_it_is_opened(browser, report):
    browser.open(report("measures") / "index.html")
    assert "3 variables set by us" in browser.text("#run")
    assert "OMP_NUM_THREADS" not in browser.text("#run")
    browser.click(browser.one("#run summary"))
    assert "OMP_NUM_THREADS=1" in browser.text("#run")


def test_names_in_any_script_are_shown_as_they_are(browser, report):
    browser.open(report("measures") / "index.html")
    assert browser.text("h1") == "données.py --year 2013"
    assert "données.py --year 2013" in browser.text("#run")
    assert browser.driver.title.startswith("données.py 320.0 MiB · Fil Memory Profile (")
