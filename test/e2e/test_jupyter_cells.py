"""What the report of a cell calls cells, where it lies, and what it adds to the notebook."""

from __future__ import annotations

import json
import re
from pathlib import Path

import nbformat
import pytest
from browser import Browser
from notebooks import (
    execute,
    folded,
    graphs,
    outputs,
    reports,
    text,
    wait_for_boxes,
)
from selenium.webdriver.support.ui import WebDriverWait

LOAD = "%load_ext filprofiler"
DEFINE = "def load(size):\n    return bytearray(size << 20)"
MOST = 200_000  # bytes that a cell may add to the notebook


def large(report: Path) -> set[str]:
    """The callstacks of at least a MiB, without what IPython calls in between."""
    found = set()
    for line in folded(report).splitlines():
        stack, _, size = line.rpartition(" ")
        ours = [frame for frame in stack.split(";") if "/IPython/" not in frame]
        if int(size) >= 1 << 20:
            found.add(";".join(frame for frame in ours if "/ipykernel/" not in frame))
    return found


def of_cell(number: int) -> list[Path]:
    return [report for report in reports() if report.name.endswith(f"-In-{number}")]


def test_cells_are_called_as_the_notebook_calls_them(kernels):
    inner = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("a = bytearray(60 << 20)")])
    nbformat.write(inner, "inner.ipynb")
    use = "%%filprofile\nfirst = load(2)\nsecond = twice(3)"
    again = "\n\n%%filprofile\n%run inner.ipynb\nafter = load(40)"
    twice = "def twice(size):\n    return load(size)"
    execute(LOAD, DEFINE, twice, use, DEFINE, use, again)
    (before,), (later,), (last,) = of_cell(4), of_cell(6), of_cell(7)
    assert large(before) == {
        "In [4]:2 (<module>);In [2]:2 (load)",
        "In [4]:3 (<module>);In [3]:2 (twice);In [2]:2 (load)",
    }
    # Two cells of one text: the last that was run, whose function this is.
    assert "In [6]:2 (<module>);In [5]:2 (load)" in large(later)
    # It goes on after the notebook that it runs, whose lines are no lines of the cell.
    assert large(last) == {
        "In [7]:4 (<module>);In [7] code 1:1 (<module>)",
        "In [7]:5 (<module>);In [5]:2 (load)",
    }
    for file in ("index.html", "peak-memory.svg"):
        page = (last / file).read_text()
        assert "ipykernel_" not in page.replace("ipykernel_launcher", "")
        assert "after\u00a0=\u00a0load(40)" in page.replace(" ", "\u00a0")


def test_parts_by_the_api_call_cells_by_their_numbers_too(kernels):
    use = (
        "from filprofiler.api import profiling\nwith profiling('out') as p:\n    kept = load(3)\n"
        "print(p.result.callstacks[0].frames[-1].file)"
    )
    cell = execute(DEFINE, use).cells[1]
    assert text(cell) == "In [1]\n"
    assert large(Path("out")) == {"In [2]:3 (<module>);In [1]:2 (load)"}


def test_where_no_folder_can_be_made_a_line_says_so_and_nothing_is_run(kernels):
    Path("fil-result").write_text("a file")
    cell = execute(LOAD, "%%filprofile\nopen('ran', 'w')").cells[1]
    (said,) = text(cell, "stderr").splitlines()
    assert said.startswith("UsageError: nothing was run: ") and "fil-result" in said
    assert not Path("ran").exists()


def test_the_heaviest_lines_stand_there_in_words_where_nothing_runs_scripts(kernels, browser):
    (shown,) = outputs(
        execute(LOAD, "%%filprofile\nx = [b'<b>' * 3_000_000]").cells[1], "display_data"
    )
    line = "In [2]:2 <module>  x = [b'<b>' * 3_000_000]"
    assert line in shown.data["text/plain"]
    Path("page.html").write_text(f"<!DOCTYPE html><body>{shown.data['text/html']}")
    browser.driver.get(Path("page.html").resolve().as_uri())
    browser.settle()
    words = browser.one(".fil-lines")
    WebDriverWait(browser.driver, 20).until(
        lambda _: not words.is_displayed()
    )  # the graph is there
    assert line in words.get_attribute("textContent")


@pytest.mark.parametrize("magics", ["%%time\n%%filprofile", "%%filprofile\n%%time"])
def test_lines_below_two_magics_are_the_notebooks(kernels, magics):
    body = "\nimport json\nkept = bytearray(5 << 20)\nlen(kept)"
    failing = f"{magics}\nmore = bytearray(3 << 20)\n1 / 0"
    notebook = execute(LOAD, magics + body, failing)
    _, cell, failed = notebook.cells
    assert large(*of_cell(2)) == {"In [2]:4 (<module>)"}
    assert [o.data["text/plain"] for o in outputs(cell, "execute_result")] == [str(5 << 20)]
    assert large(*of_cell(3)) == {"In [3]:3 (<module>)"}
    (error,) = outputs(failed, "error")  # so that "run all" stops here
    assert error.ename == "ZeroDivisionError"
    shown = re.sub(r"\x1b\[[\d;]*m", "", "".join(error.traceback))
    assert "_ipython.py" not in shown
    assert "----> 4 1 / 0" in shown


def test_a_folder_is_named_after_time_notebook_and_cell_and_open_as_the_user_wants(
    kernels, monkeypatch
):
    monkeypatch.setenv("JPY_SESSION_NAME", "/home/ada/mein Heft (größer).ipynb")
    execute(LOAD, "import os; before = os.umask(0o027)", "%%filprofile\nx = bytearray(9999)")
    (report,) = reports()
    time = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d_\d{3}"
    assert re.fullmatch(f"{time}-mein-Heft-größer-In-3", report.name)
    assert report.stat().st_mode & 0o777 == 0o750


def test_help_is_given_and_unknown_words_are_refused_in_one_line(kernels):
    unknown = "%%filprofile --fast\nopen('ran', 'w')"
    option = "%filprofile -o here open('ran', 'w')"
    notebook = execute(
        LOAD, "%%filprofile --help", "%filprofile -h", unknown, option, "%filprofile"
    )
    _, first, second, refused, optional, nothing = notebook.cells
    assert text(first) == text(second)
    assert "%filprofile x = work()" in text(first)
    said_of = ((refused, "'--fast'"), (optional, "'-o'"), (nothing, "needs a statement"))
    for cell, words in said_of:
        (said,) = text(cell, "stderr").splitlines()
        assert said.startswith("UsageError: ") and words in said
        assert len(cell.outputs) == 1
    assert not Path("ran").exists()
    assert reports() == []


def test_a_statement_is_profiled_and_its_value_passed_on(kernels):
    several = "k = 1\n%filprofile kept = load(9)\n%filprofile len(load(8))"
    silent = "%filprofile -len(load(2));"
    failing = "%filprofile load(3) + 1"
    nested = "%%filprofile\n%filprofile more = load(5)\nrest = load(4)"
    _, _, cell, quiet, failed, within, after = execute(
        LOAD, DEFINE, several, silent, failing, nested, "print(len(kept), len(more))"
    ).cells
    assert [o.data["text/plain"] for o in outputs(cell, "execute_result")] == [str(8 << 20)]
    assert len(graphs(cell)) == 2
    assert [large(report) for report in of_cell(3)] == [
        {"In [3]:2 (<module>);In [2]:2 (load)"},
        {"In [3]:3 (<module>);In [2]:2 (load)"},
    ]
    assert outputs(quiet, "execute_result") == []
    (error,) = outputs(failed, "error")
    assert error.ename == "TypeError"
    assert "_ipython.py" not in "".join(error.traceback)
    assert len(graphs(failed)) == 1
    assert "=fil-profile= this is part of a cell" in text(within, "stderr")
    assert len(graphs(within)) == 1
    assert len(large(*of_cell(6))) == 2
    assert text(after) == f"{9 << 20} {5 << 20}\n"


def test_the_graph_stands_below_what_the_cell_shows_when_it_ends(kernels):
    """As matplotlib does, which a cell may import after us."""
    figure = "lambda: display({'text/plain': 'figure'}, raw=True)"
    shows = f"get_ipython().events.register('post_execute', {figure})"
    cell = execute(LOAD, f"%%filprofile\n{shows}\nprint('printed')\n42").cells[1]
    shown = [output.get("data", output).get("text/plain", "printed") for output in cell.outputs]
    assert shown[:3] == ["printed", "42", "figure"]
    assert shown[3].startswith("Peak memory: ")
    assert len(shown) == 4


def test_a_cell_adds_little_to_the_notebook_and_tells_small_sizes(kernels):
    notebook = execute(
        LOAD,
        "%%filprofile\nx = 1",
        "%%filprofile\nimport pandas, http.server, xmlrpc.client, unittest.mock, sqlite3, decimal",
        "%%filprofile\nfor size in range(9):\n    %filprofile y = bytearray(size << 20)",
        "for size in range(9):\n    %filprofile y = bytearray(size << 20)",
        "%%filprofile\n%%timeit -n 2 -r 2\nz = 1",
    )
    (small,) = outputs(notebook.cells[1], "display_data")
    peak, *_ = small.data["text/plain"].splitlines()
    assert re.fullmatch(r"Peak memory: \d+(\.\d KiB| B)", peak)
    sizes = [len(json.dumps(cell.outputs)) for cell in notebook.cells[1:]]
    assert max(sizes) < MOST
    assert sizes[0] < 60_000
    assert len(outputs(notebook.cells[4], "display_data")) == 9
    assert len(outputs(notebook.cells[5], "display_data")) == 1


# As Visual Studio Code shows a notebook's outputs.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data:; frame-src 'none'"
)


@pytest.mark.parametrize("policy", ["", POLICY], ids=["none", "strict"])
def test_a_frame_is_as_high_as_its_content(kernels, browser: Browser, policy):
    (html,) = graphs(execute(LOAD, "%%filprofile\nx = bytearray(5 << 20)").cells[1])
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">' if policy else ""
    Path("page.html").write_text(f"<!DOCTYPE html>{meta}<body>{html}")
    browser.driver.get(Path("page.html").resolve().as_uri())
    frame = browser.one("iframe")
    browser.driver.switch_to.frame(frame)
    try:
        wait_for_boxes(browser)
        browser.settle()
        for switch in ("#source", ".more, #leaves"):
            browser.run("document.querySelector(arguments[0]).click()", switch)
            browser.settle()
            content = browser.run("return document.documentElement.scrollHeight")
            inner = browser.run("return innerHeight")
            assert inner == pytest.approx(content, abs=2)
    finally:
        browser.driver.switch_to.default_content()
    assert 400 < frame.size["height"] < 1500
    assert browser.complaints() == []
