"""A program says and does the same under fil-profile as without it, byte for byte.

The real programs are benchmark files of the pyperformance package, run in fixed loops by
bench/workloads/fixed_loops.py (which prints digests of what they computed), and native tools that
every Debian has. None of them knows of us.
"""

from __future__ import annotations

import importlib.util
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from profiling import (
    ALLOCATORS,
    FIL_PROFILE,
    PROGRAMS,
    ROOT,
    THREAD_POOLS,
    Ended,
    run_plain,
    run_profiled,
)

DRIVER = ROOT / "bench" / "workloads" / "fixed_loops.py"
PYTHON_PROGRAMS = {
    "raytrace": ["--width=40", "--height=40", "--filename=/dev/stdout"],
    "chaos": ["--width=80", "--height=80", "--iterations=2000", "--filename=/dev/stdout"],
    "nbody": ["--iterations=5000"],
    "fannkuch": ["8"],
    "pidigits": ["--digits=500"],
    "float": ["20000"],
    "go": [],
    "deltablue": [],
    "richards": [],
    "pyflate": [],
    "regex_dna": ["--fasta-length=20000"],
    "meteor_contest": [],
    "logging": ["format"],
    "xml_etree": ["--etree-module=xml.etree.ElementTree"],
    "async_tree": ["none"],
    "concurrent_imap": [],
}
NATIVE_PROGRAMS = {
    "sort": ["sort", "--parallel=2", "--buffer-size=1M", "{numbers}"],
    "gzip": ["gzip", "-9nc", "{numbers}"],
    "compiler": ["g++", "-O1", "-S", "-o", "-", "{source}"],
    "shell": ["sh", "-c", "sort {numbers} | uniq -c | head -3; ls /nowhere; exit 4"],
    "perl": ["perl", "-e", r"$h{$_ % 97} .= $_ for 1..99999; print map {crypt $_, 'ab'} 1..9"],
}
# What fil-profile may add to the program's environment.
OURS = {"LD_PRELOAD", *ALLOCATORS, *THREAD_POOLS}
ENVIRONMENT = {**os.environ, "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}
SEEN = str(PROGRAMS / "what_it_sees.py")
ENDS = str(PROGRAMS / "how_it_ends.py")


def assert_same(plain: Ended, profiled: Ended) -> None:
    assert profiled.status == plain.status, profiled.stderr.decode(errors="replace")
    assert profiled.stdout == plain.stdout
    assert profiled.own_stderr == plain.stderr


def both_ways(tmp_path: Path, program: list[str], **how) -> tuple[Ended, Ended]:
    how.setdefault("env", ENVIRONMENT)
    plain = run_plain([sys.executable, *program], **how)
    return plain, run_profiled(tmp_path / "out", program, **how)


@pytest.mark.parametrize("name", PYTHON_PROGRAMS)
def test_a_real_python_program_prints_the_same(name: str, tmp_path: Path) -> None:
    package = importlib.util.find_spec("pyperformance")
    assert package, "pyperformance is not installed: ./dev setup installs it"
    folder = Path(package.submodule_search_locations[0], "data-files", "benchmarks", f"bm_{name}")
    program = [str(DRIVER), str(folder / "run_benchmark.py"), *PYTHON_PROGRAMS[name]]
    plain, profiled = both_ways(tmp_path, program)
    assert plain.status == 0, plain.stderr.decode()
    assert len(plain.stdout.split()) >= 2
    assert_same(plain, profiled)
    assert profiled.peak > 0


@pytest.mark.parametrize("name", NATIVE_PROGRAMS)
def test_a_real_native_program_prints_the_same(name: str, tmp_path: Path) -> None:
    numbers, source = tmp_path / "numbers", tmp_path / "source.cpp"
    numbers.write_text("".join(f"{i * 7919 % 10007}\n" for i in range(200_000)))
    source.write_text("#include <stdio.h>\nint main(void) { return puts(__FILE__); }\n")
    program = [
        part.replace("{numbers}", str(numbers)).replace("{source}", str(source))
        for part in NATIVE_PROGRAMS[name]
    ]
    plain = run_plain(program, env=ENVIRONMENT)
    profiled = run_profiled(tmp_path / "out", program, env=ENVIRONMENT)
    assert len(plain.stdout) > 20, plain.stderr.decode()
    assert_same(plain, profiled)


def variables(printed: bytes) -> dict[bytes, bytes]:
    """From the lines `variable: (b'NAME', b'value')`."""
    lines = [line for line in printed.splitlines() if line.startswith(b"variable: ")]
    return dict(eval(line.removeprefix(b"variable: ")) for line in lines)


def test_the_program_sees_the_same_surroundings(tmp_path: Path) -> None:
    arguments = [
        "-o",
        "run",
        "--help",
        "",
        "two words",
        "ünï",
        b"\xff\xfe not utf-8".decode(errors="surrogateescape"),
    ]
    environment = {**ENVIRONMENT, "EMPTY": "", "ODD": "a=b\nc"}
    plain, profiled = both_ways(
        tmp_path, [SEEN, *arguments], env=environment, cwd=tmp_path, input=b"\0 bytes \xff\n" * 1000
    )
    assert plain.status == 0, plain.stderr.decode()
    added = variables(profiled.stdout).keys() - variables(plain.stdout).keys()
    assert {name for name in added if not name.startswith(b"FIL_")} <= {n.encode() for n in OURS}
    kept = [
        line
        for line in profiled.stdout.splitlines()
        if not any(line.startswith(b"variable: (" + repr(name).encode()) for name in added)
    ]
    # The one difference: SIGUSR2 has an action, that of writing a report.
    report_signal = f"signal {signal.SIGUSR2.value}: ".encode()
    kept = [
        report_signal + b"<Handlers.SIG_DFL: 0>" if line == report_signal + b"None" else line
        for line in kept
    ]
    assert kept == plain.stdout.splitlines()
    assert (profiled.status, profiled.own_stderr) == (plain.status, plain.stderr)


def test_variables_the_user_set_are_left_alone(tmp_path: Path) -> None:
    other = PROGRAMS / "no_such_library.so"
    set_by_user = {"ARROW_DEFAULT_MEMORY_POOL": "jemalloc", "PYTHONMALLOC": "malloc"}
    profiled = run_profiled(tmp_path / "out", [SEEN], env={**ENVIRONMENT, **set_by_user})
    seen = variables(profiled.stdout)
    assert seen[b"ARROW_DEFAULT_MEMORY_POOL"] == b"jemalloc"
    assert seen[b"PYTHONMALLOC"] == b"malloc"
    # A library that the user preloads stays preloaded (this one the loader only complains about).
    profiled = run_profiled(
        tmp_path / "second", [SEEN], env={**ENVIRONMENT, "LD_PRELOAD": str(other)}
    )
    assert str(other).encode() in variables(profiled.stdout)[b"LD_PRELOAD"]


def test_a_closed_standard_stream_stays_closed(tmp_path: Path) -> None:
    script = tmp_path / "closed.py"
    script.write_text("import os, sys\nprint(sorted(os.listdir('/proc/self/fd'))[0])\n")

    def close_input() -> None:
        os.close(0)

    plain, profiled = both_ways(tmp_path, [str(script)], preexec_fn=close_input)
    assert_same(plain, profiled)


def test_a_terminal_stays_a_terminal(tmp_path: Path) -> None:
    script = tmp_path / "terminal.py"
    script.write_text("import os\nprint([os.isatty(n) for n in range(3)], os.get_terminal_size())")

    def on_terminal(command: list[str]) -> bytes:
        primary, secondary = pty.openpty()
        process = subprocess.Popen(
            command, stdin=secondary, stdout=secondary, stderr=subprocess.DEVNULL
        )
        os.close(secondary)
        said = b""
        try:
            while part := os.read(primary, 4096):
                said += part
        except OSError:  # the last process let go of the terminal
            pass
        assert process.wait(timeout=60) == 0
        os.close(primary)
        return said

    plain = on_terminal([sys.executable, str(script)])
    options = ["--no-browser", "-o", str(tmp_path / "out"), "--python", sys.executable]
    profiled = on_terminal([str(FIL_PROFILE), *options, "run", str(script)])
    assert b"[True, True, False]" in plain
    assert profiled == plain


@pytest.mark.parametrize(
    "how",
    [
        ["exit", "0"],
        ["exit", "1"],
        ["exit", "3"],
        ["exit", "53"],
        ["exit", "255"],
        ["exit", "-1"],
        ["message"],
        ["exception"],
        ["syntax error"],
        ["_exit", "7"],
        ["exit in thread"],
        ["unflushed"],
        ["exec"],
        ["interrupt"],
        *(["signal", str(int(s))] for s in (signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV)),
        *(["signal", str(int(s))] for s in (signal.SIGABRT, signal.SIGHUP, signal.SIGUSR1)),
        ["signal", str(int(signal.SIGRTMIN) + 3)],
    ],
    ids=" ".join,
)
def test_the_program_ends_the_same(how: list[str], tmp_path: Path) -> None:
    plain, profiled = both_ways(tmp_path, [ENDS, *how])
    assert plain.stdout.startswith(b"said\n")
    assert_same(plain, profiled)
    # The peak may have been in the program before its exec, and the report is of the one after.
    assert profiled.peak > 0 or how == ["exec"]
