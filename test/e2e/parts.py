"""Programs under `fil-profile python`, and the reports of their parts, as tests use them."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

from command import script
from conservation import model_of
from profiling import FIL_PROFILE, MIB, REPORT_FILES, ROOT, Ended, run_plain

PACKAGE = ROOT / "bindings" / "python"
PATH = {**os.environ, "PYTHONPATH": str(PACKAGE)}


def python(*words: str, **how) -> Ended:
    how.setdefault("env", PATH)
    how.setdefault("timeout", 60)
    return run_plain([str(FIL_PROFILE), "--python", sys.executable, "python", *words], **how)


def in_python(code: str, *words: str, **how) -> str:
    """Runs the code under `fil-profile python`; what it prints. Nothing else may be said."""
    ended = python(script("program.py", code), *words, **how)
    assert (ended.status, ended.stderr) == (0, b""), ended.stderr.decode()
    return ended.stdout.decode()


def callstacks(report: str | Path) -> dict[tuple[str, ...], int]:
    assert {file.name for file in Path(report).iterdir()} == REPORT_FILES
    found = {}
    for line in (Path(report) / "peak-memory.prof").read_text().splitlines():
        frames, _, size = line.rpartition(" ")
        found[tuple(frames.split(";"))] = int(size)
    return found


def large(report: str | Path) -> dict[tuple[str, ...], int]:
    """MiB of the callstacks that hold at least one, by `line function` of their frames."""
    return {
        tuple(name_of(frame) for frame in frames): round(size / MIB)
        for frames, size in callstacks(report).items()
        if size >= MIB
    }


def name_of(frame: str) -> str:
    place, _, function = frame.rpartition(" (")
    return f"{place.rpartition(':')[2]} {function.rstrip(')')}"


WORK = """\
from filprofiler.api import profile, profiling
def inner():
    return bytearray(20 << 20)
def work():
    first = inner()
    return len(first)
before = bytearray(50 << 20)
"""


# For a program: the pid of its watcher, which has its directory.
WATCHER = """\
def watcher():
    import os, pathlib
    for process in pathlib.Path("/proc").iterdir():
        try:
            is_fil = os.readlink(process / "exe").endswith("fil-profile")
            if is_fil and os.path.samefile(process / "cwd", "."):
                return int(process.name)
        except OSError:
            continue
"""


def with_work(code: str) -> str:
    return WORK + textwrap.dedent(code)


def with_watcher(code: str) -> str:
    return WORK + WATCHER + textwrap.dedent(code)


def run_work(code: str, **how) -> str:
    return in_python(with_work(code), **how)


def facts(report: str | Path) -> dict:
    """What the report's page says beside the graph."""
    return model_of(Path(report))["facts"]
