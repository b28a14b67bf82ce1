"""An interpreter is found and its stacks are read however it was installed.

Each layout is made here, of an interpreter that is found: a virtual environment; a prefix that can
be moved, as conda and uv install it (libpython beside it, through `$ORIGIN`); a virtual environment
of such a one; and a version manager's shims, which are scripts that run others.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from profiling import MIB, run_profiled
from pythons import Interpreter, find

PROGRAM = """
import sys, marker


def leaf():
    return bytearray(5 << 20)


kept = leaf()
print(sys.prefix, marker.__file__)
sys.exit(7)
"""
LEAF = ("program.py:9 (<module>)", "program.py:6 (leaf)")
MAIN = "int Py_BytesMain(int, char **); int main(int n, char **v) { return Py_BytesMain(n, v); }"
FOUND = find()


def assert_read(python: Path, prefix: Path, packages: Path) -> None:
    """Runs a program by `python`, which lives in `prefix` and finds what is in `packages`."""
    folder = packages / "run"
    folder.mkdir()
    (packages / "marker.py").write_text("")
    (folder / "program.py").write_text(PROGRAM)
    profiled = run_profiled(folder / "out", ["program.py"], python=python, cwd=folder)
    assert profiled.status == 7, profiled.stderr.decode(errors="replace")
    expected = f"{prefix} {packages / 'marker.py'}\n"
    assert profiled.stdout.decode() == expected
    assert profiled.callstacks[LEAF] // MIB == 5


def virtual_environment(python: Path, folder: Path) -> tuple[Path, Path]:
    """Its python and its site-packages."""
    subprocess.run([python, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/python3.*/site-packages")
    return folder / "bin" / "python", packages


def movable(interpreter: Interpreter, prefix: Path) -> Path:
    """The same interpreter, in a prefix that names none of the paths it was built for."""
    asked = "LIBDIR", "INSTSONAME", "Py_ENABLE_SHARED"
    code = f"import json, sysconfig; print(json.dumps(sysconfig.get_config_vars(*{asked})))"
    found = subprocess.run([interpreter.path, "-c", code], capture_output=True, check=True)
    libdir, soname, is_shared = json.loads(found.stdout)
    library = Path(libdir) / (soname or "")
    name = f"python3.{interpreter.minor}"
    if not is_shared or not library.is_file() or not (Path(libdir) / name).is_dir():
        pytest.skip(f"{interpreter.path} has no libpython of its own to copy")
    for part in ["bin", "lib"]:
        (prefix / part).mkdir(parents=True)
    copy = prefix / "lib" / soname
    copy.write_bytes(library.read_bytes())
    # The standard library is the interpreter's own: no need to copy so much.
    (prefix / "lib" / name).mkdir()
    for part in (Path(libdir) / name).iterdir():
        if part.name != "site-packages":
            (prefix / "lib" / name / part.name).symlink_to(part)
    (prefix / "lib" / name / "site-packages").mkdir()
    python = prefix / "bin" / name
    (prefix / "main.c").write_text(MAIN)
    link = ["-Wl,-rpath,$ORIGIN/../lib", "-Wl,--disable-new-dtags"]
    subprocess.run(["cc", prefix / "main.c", "-o", python, copy, *link], check=True)
    return python


@pytest.mark.parametrize("interpreter", FOUND, ids=str)
def test_a_virtual_environment(interpreter: Interpreter, tmp_path: Path) -> None:
    python, packages = virtual_environment(Path(interpreter.path), tmp_path / "environment")
    assert_read(python, tmp_path / "environment", packages)


@pytest.mark.parametrize("interpreter", FOUND, ids=str)
def test_a_prefix_that_can_be_moved_and_its_virtual_environments(
    interpreter: Interpreter, tmp_path: Path
) -> None:
    python = movable(interpreter, tmp_path / "first")
    # Moved, so that only $ORIGIN leads to its library.
    prefix = (tmp_path / "first").rename(tmp_path / "moved")
    python = prefix / "bin" / python.name
    assert_read(python, prefix, prefix / "lib" / python.name / "site-packages")

    inner, packages = virtual_environment(python, tmp_path / "environment")
    assert_read(inner, tmp_path / "environment", packages)


def test_shims_of_a_version_manager(tmp_path: Path) -> None:
    python, packages = virtual_environment(Path(FOUND[-1].path), tmp_path / "versions")
    manager = script(tmp_path / "manager", f'shift; exec "{python}" "$@"')
    shim = script(tmp_path / "shims" / "python", f'exec "{manager}" exec "$@"')
    assert_read(shim, tmp_path / "versions", packages)


def test_a_real_version_manager_s_shims(tmp_path: Path) -> None:
    shim = Path.home() / ".pyenv" / "shims" / "python3"
    code = "import sys; print(sys.prefix)"
    asked = (
        subprocess.run([shim, "-c", code], capture_output=True, check=False)
        if shim.exists()
        else None
    )
    if asked is None or asked.returncode != 0:
        pytest.skip("no pyenv with a Python here")
    program = tmp_path / "program.py"
    program.write_text("kept = bytearray(5 << 20)\nimport sys\nprint(sys.prefix)\n")
    profiled = run_profiled(tmp_path / "out", [program.name], python=shim, cwd=tmp_path)
    assert profiled.status == 0
    assert profiled.stdout == asked.stdout
    assert profiled.callstacks[("program.py:1 (<module>)",)] // MIB == 5


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path
