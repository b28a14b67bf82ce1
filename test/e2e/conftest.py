"""What holds for every end to end test: an environment that no other profiler run has touched."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from conservation import check_report, is_report
from profiling import ALLOCATORS, PROGRAMS, ROOT
from short_of_memory import Machine

if TYPE_CHECKING:
    from browser import Browser

PACKAGE = ROOT / "bindings" / "python"

# What fil-profile sets in a program: the tests themselves may run under it. And the size of a
# terminal, which readline sets in pytest's workers: a terminal of the tests' own has another.
for variable in ["LD_PRELOAD", "FIL_SESSION", "FIL_OUTPUT", *ALLOCATORS, "COLUMNS", "LINES"]:
    os.environ.pop(variable, None)

# What reports keep for the next one.
os.environ["XDG_CACHE_HOME"] = tempfile.mkdtemp(prefix="fil-test-cache-")
atexit.register(shutil.rmtree, os.environ["XDG_CACHE_HOME"], ignore_errors=True)

# A shell that runs the tests in the background lets them, and so every program here, ignore these.
for number in [signal.SIGINT, signal.SIGQUIT, signal.SIGHUP]:
    if signal.getsignal(number) is signal.SIG_IGN:
        is_ctrl_c = number is signal.SIGINT
        signal.signal(number, signal.default_int_handler if is_ctrl_c else signal.SIG_DFL)


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    """The test's own working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def machine(tmp_path_factory) -> Machine:
    """A /proc and /sys that say what the test wants."""
    return Machine(tmp_path_factory.mktemp("machine"))


@pytest.fixture(autouse=True)
def every_report_adds_up(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever the test is about: of each report that it leaves behind."""
    yield
    if directory := request.node.funcargs.get("tmp_path"):
        for page in directory.rglob("index.html"):
            if is_report(page.parent):
                check_report(page.parent)


# ---- the report's page, in a browser -------------------------------------------------------------


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    from browser import Browser

    opened = Browser(tmp_path_factory.mktemp("chromium"))
    yield opened
    opened.driver.quit()


@pytest.fixture
def browser(chromium: Browser) -> Browser:
    """Chromium with its ordinary look."""
    chromium.look()
    return chromium


@pytest.fixture(scope="session")
def report(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The report of a made-up recording, by its name."""
    from browser import MAKE_REPORT

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


# ---- notebooks -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory) -> Path:
    """A folder with our kernel, as an installation has it."""
    data = tmp_path_factory.mktemp("jupyter")
    (data / "kernels").mkdir()
    (data / "kernels" / "filprofile").symlink_to(PACKAGE / "kernel")
    return data


@pytest.fixture
def kernels(here, jupyter, monkeypatch) -> Path:
    monkeypatch.setenv("JUPYTER_PATH", str(jupyter))
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE))
    monkeypatch.setenv("IPYTHONDIR", str(here / "ipython"))
    monkeypatch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
    return here


@pytest.fixture(scope="session")
def traced(tmp_path_factory: pytest.TempPathFactory) -> str:
    program = tmp_path_factory.mktemp("traced") / "traced"
    source = str(PROGRAMS / "traced.c")
    subprocess.run(
        ["cc", "-O1", "-fno-builtin", "-pthread", "-w", "-o", program, source], check=True
    )
    return str(program)
