"""The checks that every report of every test must pass (conservation.py) can fail."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command import profiled, script
from conservation import check_report, check_said, model_of


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("conservation"))
        run = profiled(script("x.py", "block = bytearray(20 << 20)"))
        return run.report.resolve(), run.stderr.decode()


@pytest.fixture
def copy(ran) -> Path:
    """Not in tmp_path, where it would be checked again."""
    copied = Path(shutil.copytree(ran[0], ran[0].parent / "copy"))
    yield copied
    shutil.rmtree(copied)


def test_a_report_as_it_is_passes(ran):
    report, stderr = ran
    check_report(report)
    check_said(stderr)


def test_a_list_that_lost_a_byte_does_not(copy):
    folded = copy / "peak-memory.prof"
    stack, _, size = folded.read_text().splitlines()[0].rpartition(" ")
    folded.write_text(folded.read_text().replace(f"{stack} {size}", f"{stack} {int(size) - 1}"))
    with pytest.raises(AssertionError, match="the list"):
        check_report(copy)


def test_lines_that_lost_a_byte_do_not(copy):
    page = copy / "index.html"
    line = model_of(copy)["lines"][0]["bytes"]
    assert line >= 20 << 20
    page.write_text(
        page.read_text().replace(f'"bytes":{line},"node"', f'"bytes":{line - 1},"node"')
    )
    with pytest.raises(AssertionError, match="the lines"):
        check_report(copy)


@pytest.mark.parametrize("more", [1, -1])
def test_a_peak_that_is_not_what_the_page_shows_does_not(copy, more):
    page = copy / "index.html"
    peak = model_of(copy)["facts"]["peak"]
    page.write_text(page.read_text().replace(f'"peak":{peak}', f'"peak":{peak + more}'))
    with pytest.raises(AssertionError, match="the peak"):
        check_report(copy)


def test_a_terminal_that_says_another_number_does_not(ran):
    stderr = ran[1]
    number = model_of(ran[0])["facts"]["peak"] / 2**20
    assert f" {number:.1f} MiB" in stderr
    with pytest.raises(AssertionError):
        check_said(stderr.replace(f" {number:.1f} MiB", f" {number + 0.2:.1f} MiB"))
    with pytest.raises(AssertionError):
        check_said(stderr.replace("Peak memory was", "Peak memory of all processes together was"))


@pytest.mark.parametrize("change", [("20.0 MiB █", "19.9 MiB █"), (" x.py:1 ", " x.py:2 ")])
def test_a_terminal_that_says_another_line_does_not(ran, change):
    assert change[0] in ran[1]
    with pytest.raises(AssertionError):
        check_said(ran[1].replace(*change))
