"""The last line of `./dev test` counts every test, and no way to fail goes uncounted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sources import ROOT

PASSED = '<testcase name="a" status="run"/>'
PASSED_TOO = '<testcase name="e" status="run"/>'
FAILED = '<testcase name="b" status="run"><failure/></testcase>'
SKIPPED = '<testcase name="c" status="run"><skipped/></testcase>'
FILTERED_OUT = '<testcase name="d" status="notrun"/>'


class Results:
    """A folder as the test runners leave it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs: list[dict] = []
        self.cases("pytest", PASSED)

    def cases(self, name: str, *cases: str) -> None:
        (self.folder / f"{name}.xml").write_text(f"<suite>{''.join(cases)}</suite>")

    def program(self, name: str, result: str, *cases: str) -> None:
        self.programs.append({"name": name, "result": result, "command": [f"/build/{name}_test"]})
        if cases:
            self.cases(f"{name}_test", *cases)

    def summary(self, meson: int = 0, pytest: int = 0, pattern: str = "") -> tuple[int, str]:
        lines = "\n".join(json.dumps(program) for program in self.programs)
        (self.folder / "meson.json").write_text(lines)
        script = str(ROOT / "test" / "summary.py")
        command = [sys.executable, script, str(self.folder), str(meson), str(pytest), pattern]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        return done.returncode, done.stdout.splitlines()[-1]


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return Results(tmp_path)


def test_every_case_of_every_runner_counts(results: Results) -> None:
    results.program("registry", "OK", PASSED, PASSED_TOO, SKIPPED, FILTERED_OUT)
    results.program("plain_c", "OK")
    assert results.summary() == (0, "4 passed, 0 failed, 1 skipped")


def test_a_failed_case_fails_the_whole(results: Results) -> None:
    results.program("registry", "FAIL", PASSED, FAILED)
    assert results.summary(meson=1) == (1, "2 passed, 1 failed")


def test_a_program_that_died_before_it_wrote_its_list_failed(results: Results) -> None:
    results.program("registry", "FAIL")
    assert results.summary(meson=1) == (1, "1 passed, 1 failed")


def test_a_program_that_fails_after_its_cases_passed_failed(results: Results) -> None:
    results.program("registry", "FAIL", PASSED)
    assert results.summary(meson=1) == (1, "2 passed, 1 failed")


def test_a_program_that_hung_failed(results: Results) -> None:
    results.program("registry", "TIMEOUT")
    assert results.summary(meson=1) == (1, "1 passed, 1 failed")


def test_a_runner_that_fails_without_a_failed_test_failed(results: Results) -> None:
    assert results.summary(meson=1) == (1, "1 passed, 1 failed")
    assert results.summary(pytest=3) == (1, "1 passed, 1 failed")
    (results.folder / "pytest.xml").unlink()
    assert results.summary(pytest=2) == (1, "0 passed, 1 failed")


def test_of_two_attempts_the_last_counts(results: Results) -> None:
    second = FAILED.replace("<failure/>", "")
    results.cases("pytest", PASSED, FAILED, second)
    assert results.summary() == (0, "2 passed, 0 failed")
    results.cases("pytest", PASSED, second, FAILED)
    assert results.summary(pytest=1) == (1, "1 passed, 1 failed")


def test_a_pattern_that_only_one_runner_knows_is_fine(results: Results) -> None:
    results.program("registry", "OK", PASSED, FILTERED_OUT)
    results.program("plain_c", "OK")
    results.cases("pytest")
    assert results.summary(pytest=5, pattern="registry") == (0, "1 passed, 0 failed")


def test_nothing_run_is_not_success(results: Results) -> None:
    results.cases("pytest")
    assert results.summary(pytest=5, pattern="no such test") == (1, "0 passed, 0 failed")
