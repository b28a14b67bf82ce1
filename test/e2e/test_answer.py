"""The answer in the terminal: the peak, the lines that held it, and where the page is."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest
from command import PROFILED, SECONDS, fil_profile, is_alive, profiled, script, wait_until
from conservation import check_said, model_of
from profiling import FIL_PROFILE, PREFIX, reports_in, run_plain
from tmux import terminal

HOLDS = """
    def work():
        return bytearray(30 << 20)
    first = work()
    second = bytearray(10 << 20)
"""


def said(stderr: bytes) -> list[str]:
    lines = stderr.decode().splitlines()
    return [line[len(PREFIX) :] for line in lines if line.encode().startswith(PREFIX)]


def width(line: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line)


def on_a_terminal(*words: str, columns: int = 80, **variables: str) -> list[str]:
    """What a terminal of so many columns gets."""
    here, there = pty.openpty()
    command = ["sh", "-c", f'stty cols {columns} <&2; exec "$@"', "sh", *PROFILED, *words]
    env = {**os.environ, "TERM": "xterm", **variables}
    env.pop("NO_COLOR", None) if "NO_COLOR" not in variables else None
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=there, env=env) as ran:
        os.close(there)
        text = b""
        try:
            while part := os.read(here, 4096):
                text += part
        except OSError:
            pass  # nobody has it open any more
        os.close(here)
        assert ran.wait(SECONDS) == 0
    return [line.removeprefix(PREFIX.decode()) for line in text.decode().split("\r\n")[:-1]]


@pytest.mark.parametrize("words", [[], [sys.executable, "-X", "utf8"]])
def test_what_compiles_the_script_is_named_whoever_started_the_interpreter(here, words):
    big = script("big.py", "".join(f"x = ('a{i}', {i}, 'b{i}')\n" for i in range(20_000)))
    row = said(profiled(*words, big).stderr)[-2]
    assert re.fullmatch(r" +\d+\.\d MiB \S+ +compiling big\.py", row), row


def test_a_hundred_small_imports_are_one_row(here):
    for i in range(100):
        script(f"small_{i}.py", f"def f{i}(x):\n    return [x, 'a text of {i}']\n" * 20)
    main = script(
        "x.py", "".join(f"import small_{i}\n" for i in range(100)) + "x = bytes(20 << 20)\n"
    )
    model = model_of(profiled(main).report)
    listed = [line for line in model["lines"] if line.get("imports")]
    assert 95 <= model["imports"]["lines"] <= 100 and len(listed) == 20, listed
    assert model["imports"]["bytes"] > sum(line["bytes"] for line in listed) > 0


def test_it_is_the_peak_the_lines_and_the_page(here):
    ended = profiled(script("x.py", HOLDS))
    *_, peak, work, module, page = said(ended.stderr)
    assert re.fullmatch(r"Peak memory was 4\d\.\d MiB, \d+(\.\d)? m?s after the start\.", peak)
    assert re.fullmatch(r"  30\.0 MiB █{7}. {3}x\.py:3 work  return bytearray\(30 << 20\)", work)
    assert re.fullmatch(r"  10\.0 MiB ██. {8}x\.py:5       second = bytearray\(10 << 20\)", module)
    assert page == f"Wrote HTML report to {ended.report.resolve()}/index.html"
    assert "\033" not in ended.stderr.decode()


@pytest.mark.parametrize("columns", [80, 200, 52, 40])
def test_on_a_terminal_it_is_coloured_and_fits(here, columns):
    plain = said(profiled(script("x.py", HOLDS)).stderr)
    lines = on_a_terminal("x.py", columns=columns)
    shown = [re.sub(r"\033\[\d+m", "", line) for line in lines]
    (peak,) = [line for line in lines if line.startswith("Peak memory was")]
    assert "\033[1m" in peak
    rows = [line for line in shown if line.startswith("  ")]
    assert len(rows) == 2 and all("MiB" in row and "x.py:" in row for row in rows)
    assert max(width(row) for row in rows) + len(PREFIX) <= min(columns, 80)
    if columns >= 80:
        assert rows == [line for line in plain if line.startswith("  ")]
    assert ("█" in rows[0]) == (columns >= 59)


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_it_is_not_coloured_where_nobody_wants_that(here, variables):
    lines = on_a_terminal(script("x.py", HOLDS), **variables)
    assert any("x.py:3 work" in line for line in lines)
    assert "\033" not in "".join(lines)


NAMES = [
    "\u202egpj.py",
    "a\033[2Jb.py",
    "記憶の測定" * 6 + ".py",
    "\u05d0\u05d1\u05d2.py",
    "x\n.py",
]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_no_name_of_a_file_breaks_it(here, name):
    Path("記憶").mkdir()
    ended = profiled(script(f"記憶/{name}", HOLDS))
    lines = said(ended.stderr)
    text = ended.stderr.decode()
    assert not re.search("[\0-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", text)
    rows = [line for line in lines if line.startswith("  ")]
    assert len(rows) == 2 and all(re.search(r":[35]\b", row) for row in rows)
    marks = text.count("\u200e")
    assert max(width(row) for row in rows) + len(PREFIX) <= 80 + marks


def test_another_character_set_gets_ascii(here):
    env = {**os.environ, "LC_ALL": "de_DE.ISO-8859-1"}
    ended = profiled(script("ü.py", HOLDS), env=env)
    rows = [line for line in said(ended.stderr) if line.startswith("  ")]
    assert rows[0].startswith("  30.0 MiB #######    \\u00fc.py:3 work")
    assert all(row.isascii() for row in rows)


def test_quiet_leaves_only_errors(here):
    script("x.py", HOLDS + "    import sys; print('mine', file=sys.stderr)")
    ended = run_plain([*PROFILED[:1], "--quiet", *PROFILED[1:], "x.py"])
    assert (ended.status, ended.stderr) == (0, b"mine\n")
    assert len(reports_in("out")) == 1
    refused = fil_profile("--quiet", "run", "nosuch.py")
    assert said(refused.stderr) == ["nosuch.py: no such file, and no such command on PATH"]


def test_the_parts_of_a_session_are_told_apart(here):
    child = "block = bytearray(b'1') * (80 << 20)"
    text = f"""
        import subprocess, sys
        block = bytearray(20 << 20)
        subprocess.run([sys.executable, "-c", {child!r}])
    """
    lines = said(profiled(script("x.py", text)).stderr)
    assert re.search(r"^Peak memory of all processes together was 1\d\d\.\d MiB, ", lines[2])
    assert re.search(r"^  80\.0 MiB \S+ +<string>:1", lines[3])
    assert re.search(r"^  20\.0 MiB \S+ +x\.py:3 ", lines[4])
    assert re.search(r"^\d+\.\d MiB in PID \d+: python -c block = ", lines[-3])
    assert re.search(r"^2\d\.\d MiB in PID \d+: python x\.py$", lines[-2])


def test_a_death_by_a_signal_has_it_too(here):
    ended = profiled(script("x.py", HOLDS + "    import os; os.kill(os.getpid(), 9)"))
    assert ended.status == -9
    assert any("x.py:3 work" in line for line in said(ended.stderr))


# ---- fil-result/latest ---------------------------------------------------------------------------


def test_latest_leads_to_the_newest_report(here):
    script("x.py", HOLDS)
    for _ in range(2):
        assert run_plain([*PROFILED, "x.py"]).status == 0
        assert Path("out/latest").readlink() == Path(reports_in("out")[-1].name)
    assert len(reports_in("out")) == 2


def test_a_latest_of_the_users_own_stays(here):
    Path("out").mkdir()
    Path("mine").mkdir()
    Path("out/latest").symlink_to("../mine")
    ended = run_plain([*PROFILED, script("x.py", HOLDS)])
    check_said(ended.stderr.decode())
    assert list(Path("mine").iterdir()) == [] and Path("out/latest").readlink() == Path("../mine")


# ---- a program that never began ------------------------------------------------------------------

NEVER_BEGAN = {
    "no such module": ["-m", "nosuchmod"],
    "a package that cannot be run": ["-m", "package"],
    "a syntax error": ["x.py"],
    "a syntax error in a module": ["-m", "x"],
    "a syntax error in the code": ["-c", "def"],
    "a syntax error in a directory": ["folder"],
    "a character that is none": ["latin.py"],
}


@pytest.mark.parametrize("how", NEVER_BEGAN)
def test_a_program_that_never_began_leaves_no_report_and_opens_no_browser(here, how):
    script("x.py", "a = 1\ndef\n")
    Path("latin.py").write_bytes(b"x = '\xfc'\n")
    Path("package").mkdir()
    script("package/__init__.py", "")
    Path("folder").mkdir()
    script("folder/__main__.py", "def\n")
    Path("opened").write_text("#!/bin/sh\ntouch browser\n")
    Path("opened").chmod(0o755)
    words = NEVER_BEGAN[how]
    plain = run_plain([sys.executable, *words])
    env = {**os.environ, "BROWSER": str(here / "opened")}
    ended = run_plain([str(FIL_PROFILE), "--python", sys.executable, "run", *words], env=env)
    assert plain.status != 0
    assert (ended.status, ended.stdout, ended.own_stderr) == (plain.status, b"", plain.stderr)
    assert (
        said(ended.stderr)[-1]
        == "No report: none of the program's own code was run, or it allocated nothing."
    )
    assert not Path("fil-result").exists() and not Path("browser").exists()


BEGAN = {
    "a missing module": ["-c", "import nosuch"],
    "an exit": ["-c", "raise SystemExit(1)"],
    "an error": ["x.py"],
    "an error in a module": ["-m", "x"],
    "a module of Python's own": ["-m", "timeit", "nosuch"],
    "an error in a directory": ["folder"],
    "an error in the package of a module": ["-m", "package.x"],
    "an error further down": ["-m", "package.inner.x"],
}


@pytest.mark.parametrize("how", BEGAN)
def test_one_that_failed_has_its_report(here, how):
    script("x.py", "open('nosuch.csv')\n")
    Path("package/inner").mkdir(parents=True)
    fails = how.endswith("a module")
    script("package/__init__.py", "open('nosuch.csv')\n" if fails else "")
    script("package/inner/__init__.py", "open('nosuch.csv')\n")
    Path("folder").mkdir()
    script("folder/__main__.py", "open('nosuch.csv')\n")
    ended = profiled(*BEGAN[how])
    assert ended.status == 1 and ended.report


def report_process_of(supervisor: int) -> int:
    """The child in a group of its own; 0: there is none yet."""
    for pid in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
        with contextlib.suppress(ProcessLookupError):
            if os.getpgid(int(pid)) == int(pid):
                return int(pid)
    return 0


@pytest.mark.parametrize("more", ["", "2>said"], ids=["terminal", "file"])
def test_a_long_drawing_is_seen_on_a_terminal_and_nowhere_else(here, more):
    code = """
        import os, time
        kept = [str(i) for i in range(200_000)]
        with open("supervisor", "w") as file:
            file.write(f"{os.getppid()}.")
        while not os.path.exists("end"):
            time.sleep(0.01)
    """
    script("x.py", code)
    told = Path("supervisor")
    with terminal() as shell:
        shell.wait_for("$")
        shell.type("cd", str(Path.cwd()))
        shell.tmux("send-keys", "-l", " ".join([*PROFILED, "x.py", more]))
        shell.press("Enter")
        wait_until(lambda: told.exists() and told.read_text().endswith("."), "it runs")
        supervisor = int(told.read_text()[:-1])
        Path("end").touch()
        while not (drawing := report_process_of(supervisor)):
            pass
        os.kill(drawing, signal.SIGSTOP)
        if more:
            time.sleep(1.5)
            assert "drawing the" not in shell.text
        else:
            shell.wait_for("=fil-profile= drawing the report ... 1 s")
        os.kill(drawing, signal.SIGCONT)
        wait_until(lambda: not is_alive(supervisor), "it has ended")
        said = Path("said").read_text() if more else shell.wait_for("Wrote HTML report")
    assert "Wrote HTML report" in said
    assert "drawing the" not in said
