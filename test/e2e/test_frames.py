"""Every block stands at the line that asked for it, under the lines that called, on each CPython.

The programs in programs/ are one trap each, and say themselves what they expect:

    def leaf():
        return bytes(3 << 20)  # [leaf]

    kept = leaf()  # [call]

    # expect 3 MiB: <module> [call]; leaf [leaf]
    # expect 3 MiB until 3.11: ...           for some versions only; also `from 3.12`

A frame is a function and the marker of its line, or `file:line (function)` as it is written in the
profile; `library*` is one or more frames of the standard library, `...` any frames or none.
All of a program's large blocks must be expected, each with its size, and nowhere else.
"""

from __future__ import annotations

import collections
import json
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from profiling import KIB, MIB, PROGRAMS, run_profiled
from pythons import Interpreter, find

EXPECTATION = re.compile(r"# expect (\d+) (KiB|MiB)(?: (from|until) 3\.(\d+))?: (.*)")
MARKER = re.compile(r"# .*?\[([^]]+)\]$")
TRAPS = sorted(path for path in PROGRAMS.glob("*.py") if "# expect" in path.read_text())
# What Python itself keeps in blocks this large at one callstack, it keeps in smaller ones.
LARGE = 640 * KIB
# The interpreter starts before the first frame, and keeps this much at most.
START = {("[No Python stack]",): 3 * MIB // 2}
# Beside the block, its callstack may hold a list's items, a thread's bookkeeping ...
MORE = 16 * KIB


@dataclass(frozen=True)
class Expected:
    size: int
    text: str
    pattern: re.Pattern[str]


def expectations(program: Path, minor: int) -> list[Expected]:
    lines = program.read_text().splitlines()
    markers = {
        match[1]: number
        for number, line in enumerate(lines, start=1)
        if not line.startswith("# expect") and (match := MARKER.search(line))
    }
    found = []
    for line in lines:
        match = EXPECTATION.match(line)
        if not match:
            continue
        size, unit, bound, version, text = match.groups()
        if bound == "from" and minor < int(version):
            continue
        if bound == "until" and minor > int(version):
            continue
        frames = "".join(frame_pattern(frame, program, markers) for frame in text.split("; "))
        bytes_ = int(size) * (MIB if unit == "MiB" else KIB)
        found.append(Expected(bytes_, text, re.compile(frames)))
    return found


def frame_pattern(frame: str, program: Path, markers: dict[str, int]) -> str:
    """Matches the frame (or frames) and the `;` that ends each."""
    if frame == "...":
        return "(?:[^;]*;)*"
    if frame == "library*":
        return r"(?:(?:[^;]*/lib/python3[^;]*|<frozen [^;]*);)+"
    marked = re.fullmatch(r"(\S+) \[([^]]+)\]", frame)
    if marked:
        frame = f"{program.name}:{markers[marked[2]]} ({marked[1]})"
    return re.escape(frame) + ";"


def differences(callstacks: dict[tuple[str, ...], int], expected: list[Expected]) -> list[str]:
    """In words, what of the large callstacks and of the expectations does not fit."""
    said = []
    large = {
        frames: size for frames, size in callstacks.items() if size >= START.get(frames, LARGE)
    }
    for each in expected:
        fitting = [f for f in large if each.pattern.fullmatch("".join(f"{x};" for x in f))]
        size = sum(large.pop(frames) for frames in fitting)
        if not each.size <= size <= each.size + MORE:
            said.append(f"expected {each.size} bytes, found {size}: {each.text}")
    said += [f"not expected, {size} bytes: {'; '.join(f)}" for f, size in large.items()]
    return said


@pytest.mark.parametrize("interpreter", find(), ids=str)
@pytest.mark.parametrize("program", TRAPS, ids=lambda path: path.stem)
def test_every_block_stands_at_its_line(
    program: Path, interpreter: Interpreter, tmp_path: Path
) -> None:
    if not interpreter.is_installed:
        pytest.fail(f"{interpreter.venv_python} is missing: ./dev setup makes it")
    needs = re.search(r"needs: (\w+)", program.read_text())
    if needs and not list(interpreter.venv_python.parent.parent.rglob(f"{needs[1]}/__init__.py")):
        pytest.skip(f"{needs[1]} is not installed")
    profiled = run_profiled(
        tmp_path / "out", [program.name], python=interpreter.venv_python, cwd=PROGRAMS
    )
    assert profiled.status == 0, profiled.stderr.decode(errors="replace")
    expected = expectations(program, interpreter.minor)
    assert expected
    callstacks: collections.Counter[tuple[str, ...]] = collections.Counter()
    for frames, size in profiled.callstacks.items():
        callstacks[tuple(frame.replace(", guessed]", "]") for frame in frames)] += size
    wrong = differences(callstacks, expected)
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("interpreter", find(), ids=str)
def test_what_compiling_the_main_script_takes_is_called_so(
    interpreter: Interpreter, tmp_path: Path
) -> None:
    lines = [f"x{i} = [{i}, 'text {i}', ({i}.5, 'a{i}')]" for i in range(5000)]
    (tmp_path / "wide.py").write_text("\n".join([*lines, "block = bytearray(100 << 20)"]))
    (tmp_path / "narrow.py").write_text("import wide")
    compiling = {}
    for script in ["wide.py", "narrow.py"]:
        profiled = run_profiled(
            tmp_path / f"out of {script}",
            [script],
            python=interpreter.venv_python,
            cwd=tmp_path,
        )
        assert profiled.status == 0, profiled.stderr.decode(errors="replace")
        graph = (profiled.report / "peak-memory.svg").read_text()
        found = re.search(r"<title>compiling (\S+) \(([\d,]+) bytes", graph)
        compiling[script] = (found[1], int(found[2].replace(",", ""))) if found else None
        assert "compiling wide" not in (profiled.report / "peak-memory.prof").read_text()
    name, size = compiling["wide.py"]
    assert name == "wide.py"
    assert size > MIB
    # What compiling an imported file takes stands at the line that imports it.
    assert compiling["narrow.py"] is None or compiling["narrow.py"][1] < MIB // 2


@pytest.mark.parametrize("interpreter", find(), ids=str)
@pytest.mark.parametrize("seed", range(3))
def test_random_calls_stand_where_python_itself_says(
    seed: int, interpreter: Interpreter, tmp_path: Path
) -> None:
    profiled = run_profiled(
        tmp_path / "out",
        ["random_calls.py", str(seed)],
        python=interpreter.venv_python,
        cwd=PROGRAMS,
    )
    assert profiled.status == 0, profiled.stderr.decode(errors="replace")
    expected = {tuple(key.split(";")): size for key, size in json.loads(profiled.stdout).items()}
    callstacks = profiled.callstacks
    found = {frames: callstacks.get(frames, 0) for frames in expected}
    # Small callstacks are left out of a profile, but only up to 1 % of its bytes.
    assert sum(found.values()) >= 0.98 * sum(expected.values())
    for frames, size in found.items():
        assert size == 0 or expected[frames] <= size <= expected[frames] * 1.1, "; ".join(frames)
