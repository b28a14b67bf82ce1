"""Programs in Lua, and in C with Lua inside: they behave as without us, and each line holds what
was made at it, whatever coroutines, tail calls, errors and functions in C lie between."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from profiling import KIB, PROGRAMS, Profiled, run_plain, run_profiled

LUA = "/usr/bin/lua5.4"
SCRIPTS = PROGRAMS / "lua"
FRAME = re.compile(r"(.*):(\d+) \((.*)\)")


def profiled(output: Path, *program: str | Path) -> Profiled:
    """The program, which must do as it does alone."""
    command = [str(word) for word in program]
    plain, ended = run_plain(command), run_profiled(output, command)
    assert (ended.status, ended.stdout) == (plain.status, plain.stdout), ended.stderr.decode()
    assert ended.own_stderr == plain.stderr
    return ended


def bytes_by_lines(ended: Profiled, script: Path) -> dict[tuple[int, ...], int]:
    """Of each callstack that has nothing but lines of the script."""
    found: dict[tuple[int, ...], int] = {}
    for frames, size in ended.callstacks.items():
        shown = [frame for frame in frames if not re.fullmatch(r"\[\d+ frames\]", frame)]
        places = [FRAME.fullmatch(frame) for frame in shown]
        if all(place and place[1] in (str(script), f'[string "{script}"]') for place in places):
            lines = tuple(int(place[2]) for place in places if place)
            found[lines] = found.get(lines, 0) + size
    return found


def assert_marked_lines_hold_memory(found: dict[tuple[int, ...], int], script: Path) -> None:
    text = list(enumerate(script.read_text().splitlines(), 1))
    lines = {m[1]: number for number, line in text if (m := re.search(r"--= (\S+)$", line))}
    wrong = []
    marks = [(number, m[1]) for number, line in text if (m := re.search(r"--> ?(.*)$", line))]
    assert len(marks) > 1
    for number, names in marks:
        wanted = (*(lines[name] for name in names.split() if name != "?"), number)
        stacks = {
            stack: size
            for stack, size in found.items()
            if stack == wanted or ("?" in names and stack[-1] == number)
        }
        if sum(stacks.values()) < 100 * KIB:
            wrong.append((wanted, [stack for stack in found if stack[-1] == number]))
    assert not wrong


def test_each_line_holds_what_was_made_at_it(tmp_path):
    script = SCRIPTS / "lines.lua"
    found = bytes_by_lines(profiled(tmp_path / "out", LUA, script), script)
    assert_marked_lines_hold_memory(found, script)


def test_functions_have_the_names_that_their_definitions_gave_them(tmp_path):
    ended = profiled(tmp_path / "out", LUA, SCRIPTS / "lines.lua")
    named = {m[3] for frames in ended.callstacks for f in frames if (m := FRAME.fullmatch(f))}
    assert {"main chunk", "tables", "account.new", "account.deposit", "__index", "deep"} <= named
    assert any(re.fullmatch(r"function <lines.lua:\d+>", name) for name in named)
    quoted = "local n = ...\nreturn string.rep".split("\n")[0]
    assert any(f'[string "{quoted}..."]:2 (main chunk)' in frames for frames in ended.callstacks)


def test_a_json_library_does_what_it_does_alone(tmp_path):
    ended = profiled(tmp_path / "out", LUA, SCRIPTS / "json.lua")
    assert ended.stdout.endswith(b"18\t500250.0\t2000\n")
    records = [f for f in ended.callstacks if f[-1].endswith("json.lua:94 (reader.value)")]
    assert "local object = {}" in (SCRIPTS / "json.lua").read_text().splitlines()[93]
    assert sum(ended.callstacks[each] for each in records) >= 6000 * 56


def test_libraries_of_others_do_what_they_do_alone(tmp_path):
    ended = profiled(tmp_path / "out", LUA, SCRIPTS / "libraries.lua")
    assert ended.stdout.startswith(b"true\t{")
    library = Path("/usr/share/lua/5.4/dkjson.lua")
    made = 1 + library.read_text().splitlines().index("  local tbl, n = {}, 0")
    tables = [f for f in ended.callstacks if re.match(rf"{library}:{made} ", f[-1])]
    assert sum(ended.callstacks[each] for each in tables) >= 10_000 * 56


@pytest.mark.parametrize(
    "libraries",
    [
        ["-llua5.4"],
        ["-Wl,-E", "-l:liblua5.4.a", "-lm", "-ldl"],
        ["-l:liblua5.4.a", "-lm", "-ldl"],
        ["-llua5.4-c++"],
    ],
    ids=["shared", "static", "static and hidden", "with exceptions"],
)
def test_lua_inside_a_c_program(tmp_path, libraries):
    program, script = tmp_path / "embeds", SCRIPTS / "embedded.lua"
    source = SCRIPTS / "embeds_lua.c"
    compiler = ["cc", "-g", "-O1", "-pthread", "-I/usr/include/lua5.4", "-o", program]
    subprocess.run([*compiler, source, *libraries], check=True)
    ended = profiled(tmp_path / "out", program, script)
    assert ended.stdout == b"1 1\n"
    found = bytes_by_lines(ended, script)
    assert_marked_lines_hold_memory(found, script)
    text = script.read_text().splitlines()
    names = "scheduled inside first second given".split()
    kept = {n: i for i, line in enumerate(text, 1) for n in names if f"--= {n}" in line}
    line_of_keep = next(i for i, line in enumerate(text, 1) if "function keep" in line)
    nests = next(i for i, line in enumerate(text, 1) if "--= nests" in line)
    for name, number in kept.items():
        stack = (nests, number) if name == "inside" else (number,)
        assert found.get((*stack, line_of_keep), 0) >= 300_000, name
    line_in_c = next(
        i for i, line in enumerate(source.read_text().splitlines(), 1) if "malloc(300000)" in line
    )
    assert any(
        frames[-1] == f"{source}:{line_in_c} (main)" and size == 300_000
        for frames, size in ended.callstacks.items()
    )


@pytest.mark.parametrize(
    "text", ["error('no')", "local x = {}; x.y.z = 1", "os.exit(7, true)", "x ="]
)
def test_a_script_ends_as_it_does_alone(tmp_path, text):
    (tmp_path / "ends.lua").write_text(f"kept = string.rep('x', 1e6)\n{text}\n")
    profiled(tmp_path / "out", LUA, tmp_path / "ends.lua")
