"""An interpreter of a version nobody has seen yet: its public API tells the callstacks, and the
report says so.

It is one that we have, told to call itself 3.16 or later.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from profiling import MIB, run_profiled
from pythons import Interpreter, find

PROGRAM = """
import sys, threading


def leaf(mib):
    return bytearray(mib << 20)


def thread():
    kept.append(leaf(4))


kept = [leaf(5)]
small = [object() for _ in range(100_000)]
started = threading.Thread(target=thread)
started.start()
started.join()
print(sys.version.split()[0])
"""


def future_of(interpreter: Interpreter, folder: Path) -> tuple[Path, str] | None:
    """A copy of its file, and the version it says it is; None if that is said by a library."""
    major, minor, micro = interpreter.version.split(".")
    if len(minor) != 2:
        return None
    # Of the same length, so that nothing moves.
    future = f"{major}.16.{micro}"
    name = Path(interpreter.path).resolve()
    image = name.read_bytes()
    old = interpreter.version.encode() + b"\0"
    home = folder / "bin"
    home.mkdir(parents=True)
    copy = home / f"python3.{interpreter.minor}"
    copy.write_bytes(image.replace(old, future.encode() + b"\0"))
    copy.chmod(0o755)
    # It finds its library as a virtual environment does.
    (folder / "pyvenv.cfg").write_text(f"home = {name.parent}\n")
    said = subprocess.run([copy, "-V"], capture_output=True, check=True).stdout.decode().split()
    return (copy, future) if said == ["Python", future] else None


@pytest.mark.parametrize("interpreter", find(), ids=str)
def test_is_read_by_the_public_api_and_the_report_says_so(
    interpreter: Interpreter, tmp_path: Path
) -> None:
    made = future_of(interpreter, tmp_path / "future")
    if made is None:
        pytest.skip(f"{interpreter.path} is told its version by a library")
    python, version = made
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    profiled = run_profiled(tmp_path / "out", [program.name], python=python, cwd=tmp_path)
    assert profiled.status == 0, profiled.stderr.decode(errors="replace")
    assert profiled.stdout.decode() == f"{version}\n"

    callstacks = profiled.callstacks
    assert callstacks[("program.py:13 (<module>)", "program.py:6 (leaf)")] // MIB == 5
    assert callstacks[("program.py:10 (thread)", "program.py:6 (leaf)")] // MIB == 4
    page = (profiled.report / "index.html").read_text()
    assert f"CPython {version} is not a version whose frames can be read directly" in page


def test_one_can_be_made_here(tmp_path: Path) -> None:
    """Debian's interpreters are single files: without one of them the test above proves nothing."""
    made = [future_of(interpreter, tmp_path / interpreter.version) for interpreter in find()]
    assert any(made)
