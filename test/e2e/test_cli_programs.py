"""What the command can be asked to run: every form of a Python program, and every form of its name.

For each: it runs as under plain Python, its callstacks begin in its own code, and the report is
where it was asked for.
"""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
import zipapp
from pathlib import Path
from typing import Any

import pytest
from command import SECONDS, executable, fil_profile, profiled, script
from conservation import model_of
from profiling import FIL_PROFILE, MIB, ROOT, Profiled, run_plain

KEEPS = "import sys\nkept = bytearray(7 << 20)\nprint(sys.argv[1:], __name__)\n"


def assert_first_frame(ended: Profiled, frame: str) -> None:
    """Of the 7 MiB that KEEPS holds: nothing stands above it, no runpy and no code of ours."""
    assert (ended.status, ended.own_stderr) == (0, b""), ended.stderr.decode()
    (largest,) = [stack for stack, size in ended.callstacks.items() if size >= 7 * MIB]
    assert largest == (frame,)


def model(report: Path) -> dict[str, Any]:
    return model_of(report)


# ---- programs without a file of their own --------------------------------------------------------


@pytest.mark.parametrize("words", [["-m", "package.module"], ["-m", "package"]])
def test_callstacks_of_a_module_begin_at_the_module(here, words):
    Path("package").mkdir()
    script("package/__init__.py", "")
    file = "module.py" if "." in words[1] else "__main__.py"
    script(f"package/{file}", KEEPS)
    ended = profiled(*words, "a", "-b")
    assert ended.stdout == b"['a', '-b'] __main__\n"
    assert_first_frame(ended, f"{here}/package/{file}:2 (<module>)")


@pytest.mark.parametrize("typed", ["app/main.py", "{here}/app/main.py", "../{name}/app/main.py"])
def test_a_scripts_package_is_named_like_the_script(here, typed):
    Path("app/tables").mkdir(parents=True)
    script("app/tables/__init__.py", "")
    script("app/tables/wide.py", "def make(): return bytearray(9 << 20)")
    script("app/main.py", "from tables.wide import make\nkept = make()")
    typed = typed.format(here=here, name=Path(here).name)
    ended = profiled(typed)
    # The list has what the interpreter had.
    (stack,) = [stack for stack, size in ended.callstacks.items() if size >= 9 * MIB]
    assert stack == (f"{typed}:2 (<module>)", f"{here}/app/tables/wide.py:1 (make)")
    files = {line["file"] for line in model(ended.report)["lines"]}
    assert {"app/tables/wide.py"} == {file for file in files if file.endswith("wide.py")}
    expected = typed if typed.startswith("..") else "app/main.py"
    assert files - {"app/tables/wide.py"} <= {expected, "app/main.py"}


def test_code_of_the_command_line_runs_and_is_a_line_of_yours(here):
    ended = profiled("-c", KEEPS, "a", "-c")
    assert ended.stdout == b"['a', '-c'] __main__\n"
    assert_first_frame(ended, "<string>:2 (<module>)")
    line = model(ended.report)["lines"][0]
    assert (line["file"], line["line"], line["bytes"] // MIB) == ("<string>", 2, 7)
    shutil.rmtree("out")
    assert profiled("-cprint(6 * 7)").stdout == b"42\n"


def test_a_program_that_comes_through_stdin_runs(here):
    ended = profiled("-", "a", "b", input=KEEPS.encode())
    assert ended.stdout == b"['a', 'b'] __main__\n"
    assert_first_frame(ended, "<stdin>:2 (<module>)")


# ---- archives and directories --------------------------------------------------------------------


@pytest.mark.parametrize("first_line", [None, "/usr/bin/env python3"])
def test_a_zip_application_runs(here, first_line):
    Path("app").mkdir()
    script("app/__main__.py", KEEPS)
    zipapp.create_archive("app", "app.pyz", interpreter=first_line)
    ended = profiled("app.pyz", "a")
    assert ended.stdout == b"['a'] __main__\n"
    assert_first_frame(ended, f"{here}/app.pyz/__main__.py:2 (<module>)")


def test_a_directory_with_a_main_runs_and_finds_its_modules(here):
    Path("app dir").mkdir()
    script("app dir/__main__.py", "import beside\nprint(beside.keep())\n")
    script("app dir/beside.py", "def keep():\n    return len(bytearray(7 << 20))\n")
    ended = profiled("app dir")
    assert (ended.status, ended.stdout) == (0, b"7340032\n")
    stack = (f"{here}/app dir/__main__.py:2 (<module>)", f"{here}/app dir/beside.py:2 (keep)")
    assert ended.callstacks[stack] // MIB == 7


# ---- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "POSIX"])
def test_names_may_hold_spaces_and_any_letter_in_any_locale(here, locale):
    Path("a b").mkdir()
    name = script("a b/mémoire 数.py", KEEPS)
    ended = profiled(name, "é", env={**os.environ, "LC_ALL": locale, "PYTHONIOENCODING": "utf-8"})
    assert ended.stdout.decode() == "['é'] __main__\n"
    assert_first_frame(ended, f"{name}:2 (<module>)")
    assert name in (ended.report / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("output", ["reports", "./re ports/ü", "../beside/reports"])
def test_a_relative_output_stays_where_it_was_meant(tmp_path, monkeypatch, output):
    started = tmp_path / "started"
    started.mkdir()
    (tmp_path / "beside").mkdir()
    monkeypatch.chdir(started)
    script("x.py", "import os\nos.mkdir('deep')\nos.chdir('deep')\nkept = bytes(7_340_032)\n")
    ended = fil_profile("--no-browser", "-o", output, "--python", sys.executable, "run", "x.py")
    # The script is found again too: its source is in the report.
    page = (Profiled(0, b"", b"", started / output).report / "index.html").read_text()
    assert "kept = bytes(7_340_032)" in page
    assert ended.status == 0
    assert list((started / "deep").iterdir()) == []


def test_a_command_of_an_environment_runs_by_the_python_beside_it(here):
    Path("env/bin").mkdir(parents=True)
    executable("env/bin/python3", f'#!/bin/sh\nWHO=beside exec "{sys.executable}" "$@"\n')
    executable("env/bin/tool", f"#!{here}/env/bin/python3\nimport os; print(os.getenv('WHO'))\n")
    executable("tool", f"#!{here}/env/bin/python3\nimport os; print(os.getenv('WHO'))\n")
    path = {**os.environ, "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"}
    run = ["--no-browser", "-o", "out", "run"]
    assert fil_profile(*run, "env/bin/tool", env=path).stdout == b"beside\n"
    # Unless another is asked for. And a script elsewhere runs as `python tool` would.
    asked = ["--python", sys.executable, *run]
    assert fil_profile(*asked, "env/bin/tool", env=path).stdout == b"None\n"
    assert fil_profile(*run, "./tool", env=path).stdout == b"None\n"


# ---- plain Python --------------------------------------------------------------------------------


FLAGS = "import sys; print(sys.argv, sys.flags, sys.warnoptions, sys._xoptions)"


@pytest.mark.parametrize(
    "flags",
    ["-I", "-E", "-s", "-S", "-B", "-O", "-OO", "-u", "-q", "-v -v", "-bb", "-X dev -W error"],
)
def test_a_flag_of_the_interpreter_is_the_interpreters(here, flags):
    words = [*flags.split(), "-c", FLAGS, "a", "-o", "run"]
    plain = run_plain([sys.executable, *words])
    ours = fil_profile("--python", sys.executable, "python", *words)
    assert (ours.status, ours.stdout) == (plain.status, plain.stdout)
    assert b"=fil-profile=" not in ours.stderr
    assert bool(ours.stderr) == bool(plain.stderr)


def test_what_a_python_without_arguments_or_with_i_reads_is_stdin(here):
    python = [str(FIL_PROFILE), "--python", sys.executable, "python"]
    code = b"print(6 * 7)\nimport sys; print(sys.argv)\n"
    assert run_plain(python, input=code).stdout == b"42\n['']\n"
    name = script("x.py", "kept = 5")
    for words in (["-i", name], ["-i", "-c", "kept = 5"]):
        assert run_plain([*python, *words], input=b"print(kept + 1)\n").stdout == b"6\n"
    assert run_plain([*python, "-m", "this"]).stdout.startswith(b"The Zen of Python")


def test_at_a_terminal_a_python_without_arguments_is_interactive(here):
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "PYTHON_BASIC_REPL": "1"}
    with subprocess.Popen(
        [FIL_PROFILE, "--python", sys.executable, "python", "-q"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment,
        start_new_session=True,
    ) as program:
        os.close(theirs)
        os.write(ours, b"print(6 * 7)\nexit(3)\n")
        assert program.wait(timeout=SECONDS) == 3
        assert b">>> 42" in os.read(ours, 10_000).replace(b"\r\n", b" ").replace(
            b">>> print(6 * 7) ", b">>> "
        )
    os.close(ours)


def test_the_package_is_plain_python_too(here):
    words = [sys.executable, "-m", "filprofiler", "python", "-c"]
    code = "import sys; from filprofiler.api import profile; print(sys.argv, profile(int, 'out'))"
    path = {**os.environ, "PYTHONPATH": str(ROOT / "bindings" / "python")}
    ended = run_plain([*words, code, "a"], env=path)
    assert (ended.status, ended.stdout, ended.stderr) == (0, b"['-c', 'a'] 0\n", b"")
    # The heading has its name, not the way to it.
    name = Path(sys.executable).name
    assert model(Path("out"))["facts"]["command"].startswith(f"{name} -c ")
