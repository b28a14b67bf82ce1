"""Interpreters whose callstacks are not read run unharmed: native callstacks, and the report says
why.

A free-threaded build is one that we have, told to call itself so.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from profiling import MIB, Profiled, run_profiled
from pythons import find

PROGRAM = """
import sys, threading
kept = [bytearray(7 << 20)]
started = threading.Thread(target=lambda: kept.append(bytearray(5 << 20)))
started.start()
started.join()
print(sys.argv[1:])
sys.exit(3)
"""
# What Py_GetVersion() fills in, and something of the same length, so that nothing moves.
VERSION, FREE_THREADED = b"%.80s (%.80s) %.80s\0", b"%.6s free-threading\0"


def run(python: Path, folder: Path) -> Profiled:
    (folder / "program.py").write_text(PROGRAM)
    return run_profiled(folder / "out", ["program.py", "a"], python=python, cwd=folder)


def assert_native_callstacks_and(note: str, profiled: Profiled) -> None:
    assert (profiled.status, profiled.stdout) == (3, b"['a']\n"), profiled.stderr.decode()
    assert profiled.own_stderr == b""
    assert note in (profiled.report / "index.html").read_text()
    frames = {stack[-1] for stack, size in profiled.callstacks.items() if size >= 5 * MIB}
    assert frames
    assert not any("program.py" in frame for frame in frames)


def test_a_free_threaded_build_is_left_alone(tmp_path: Path) -> None:
    # Debian's interpreters are single files; others have it in a library.
    for found in find():
        image = Path(found.path).resolve().read_bytes()
        if found.minor >= 11 and len(found.version) == 6 and image.count(VERSION) == 1:
            break
    else:
        pytest.fail("no interpreter here says its version itself")
    python = tmp_path / "bin" / f"python3.{found.minor}"
    python.parent.mkdir()
    python.write_bytes(image.replace(VERSION, FREE_THREADED))
    python.chmod(0o755)
    home = Path(found.path).resolve().parent
    (tmp_path / "pyvenv.cfg").write_text(f"home = {home}\n")
    note = f"CPython {found.version} is a free-threaded build: its Python callstacks are not"
    assert_native_callstacks_and(note, run(python, tmp_path))


@pytest.mark.parametrize("minor", [8, 7, 6])
def test_a_python_that_is_too_old_is_left_alone(minor: int, tmp_path: Path) -> None:
    versions = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    python = next(versions.glob(f"3.{minor}.*/bin/python3.{minor}"), None)
    if python is None:
        pytest.skip(f"no Python 3.{minor} here")
    assert_native_callstacks_and("is older than 3.9", run(python, tmp_path))
