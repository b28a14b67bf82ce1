#!/usr/bin/env python3
"""CPython's own tests under a build that walks every Python stack twice and compares.

    python3 test/e2e/verify_frames.py [-v 3.13 ...] [test_json ...]

Builds with -Dverify_frames=true into build/verify, runs each module of each interpreter found (see
pythons.py) that has CPython's tests, and says how many captures were compared. A capture that
differs aborts the program. A module that fails is run once more without us: only what then passes
counts against us. Ends with status 1 if anything does.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from pythons import Interpreter, find

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = ROOT / "build" / "verify"
MODULES = """
    test_asyncgen test_contextlib test_coroutines test_deque test_dict test_exceptions test_frame
    test_functools test_gc test_generators test_itertools test_json test_list test_pickle
    test_scope test_sys_settrace test_threading test_traceback test_types test_weakref test_with
""".split()
SECONDS = 900  # for one module


@dataclass(frozen=True)
class Verified:
    """What became of one module. `plain` is whether it passes without us, if that was asked."""

    status: int
    compared: int
    plain: bool | None
    output: str

    @property
    def differs(self) -> bool:
        return "frame walk: capture" in self.output

    @property
    def is_good(self) -> bool:
        return not self.differs and (self.status == 0 or self.plain is False)

    def __str__(self) -> str:
        if self.differs:
            verdict = "DIFFERS"
        elif self.status == 0:
            verdict = "agrees"
        else:
            verdict = "FAILED, passes without us" if self.plain else "failed, without us too"
        return f"{self.compared:>12,} compared  {verdict}"


def build() -> None:
    # A machine without a locale has ASCII file names for meson; give it UTF-8.
    how = {"check": True, "stdout": subprocess.DEVNULL, "env": {**os.environ, "LC_ALL": "C.UTF-8"}}
    if not (BUILD / "build.ninja").exists():
        options = ["-Dverify_frames=true", "-Dbench=false"]
        subprocess.run(["meson", "setup", str(BUILD), str(ROOT), *options], **how)
    targets = ["clients/cli/fil-profile", "clients/preload/libfil_preload.so"]
    subprocess.run(["ninja", "-C", str(BUILD), *targets], **how)


def has_tests(interpreter: Interpreter) -> bool:
    command = [interpreter.path, "-c", "import test.libregrtest, test.test_generators"]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def has_module(interpreter: Interpreter, module: str) -> bool:
    code = f"import importlib.util as u, sys; sys.exit(not u.find_spec('test.{module}'))"
    return subprocess.run([interpreter.path, "-c", code], check=False).returncode == 0


def verify(interpreter: Interpreter, module: str) -> Verified:
    with tempfile.TemporaryDirectory() as folder:
        count = Path(folder) / "count"
        profile = [BUILD / "bin" / "fil-profile", "--no-browser", "-o", f"{folder}/out"]
        run = ["--python", interpreter.path, "run", "-m", "test", "-q", module]
        status, output = ended([*profile, *run], folder, {"FIL_VERIFY_COUNT": str(count)})
        compared = sum(map(int, count.read_text().split())) if count.exists() else 0
        plain = None
        if status != 0:
            plain = ended([interpreter.path, "-m", "test", "-q", module], folder, {})[0] == 0
    return Verified(status, compared, plain, output)


def ended(command: list, folder: str, variables: dict[str, str]) -> tuple[int, str]:
    """Status and output; -9 after SECONDS."""
    with (Path(folder) / "output").open("w+b") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, **variables},
        )
        try:
            status = process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            status = process.wait()
        output.seek(0)
        return status, output.read().decode(errors="replace")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("-v", "--version", action="append", help="only this one, such as 3.13")
    parser.add_argument("modules", nargs="*", default=MODULES)
    options = parser.parse_args()
    build()
    all_good = True
    for interpreter in find():
        if options.version and interpreter.version.rpartition(".")[0] not in options.version:
            continue
        if not has_tests(interpreter):
            print(f"{interpreter}: has no tests of its own", flush=True)
            continue
        for module in options.modules:
            if not has_module(interpreter, module):
                continue
            verified = verify(interpreter, module)
            print(f"{interpreter.version:8} {module:18} {verified}", flush=True)
            if verified.status != 0:
                print(verified.output[-3000:], flush=True)
            all_good = all_good and verified.is_good
    return 0 if all_good else 1


if __name__ == "__main__":
    sys.exit(main())
