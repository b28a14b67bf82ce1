"""Every snippet of README.md is run, in the order in which a reader meets it.

Programs are saved under the name in their first line; commands run in one scratch folder, beside a
`build`, `examples` and `dev` that lead to the real ones. `meson install` goes to the scratch folder
(DESTDIR), and pkg-config and the loader look there.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from profiling import FIL_PROFILE, ROOT, Profiled

README = (ROOT / "README.md").read_text()
BUILD = FIL_PROFILE.parent.parent
# This very test is part of it.
NOT_RUN_HERE = "./dev test"


@dataclass(frozen=True)
class Snippet:
    section: str
    language: str
    text: str


def snippets() -> list[Snippet]:
    found, section = [], ""
    blocks = re.compile(r"^## ([^\n]+)$|^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    for heading, language, text in blocks.findall(README):
        section = heading or section
        if language:
            found.append(Snippet(section, language, text))
    return found


def of_section(name: str) -> list[Snippet]:
    found = [snippet for snippet in snippets() if snippet.section == name]
    assert found
    return found


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme")
    for name, target in {"build": BUILD, "examples": ROOT / "examples"}.items():
        (folder / name).symlink_to(target)
    # A symlink would lead ./dev to the wrong folder.
    (folder / "dev").write_text(f'#!/bin/sh\nexec {ROOT}/dev "$@"\n')
    (folder / "dev").chmod(0o755)
    for snippet in snippets():
        if snippet.language != "sh":
            name = re.match(r"(?:#|//) (\S+)\n", snippet.text).group(1)
            (folder / name).write_text(snippet.text)
    return folder


def environment(scratch: Path) -> dict[str, str]:
    installed = scratch / "installed"
    libraries = [str(path.parent) for path in installed.rglob("libfil.so")]
    return {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "BROWSER": "/bin/true",
        "DESTDIR": str(installed),
        "PKG_CONFIG_SYSROOT_DIR": str(installed),
        "PKG_CONFIG_PATH": ":".join(f"{folder}/pkgconfig" for folder in libraries),
        "LD_LIBRARY_PATH": ":".join(libraries),
    }


def run_lines(snippet: Snippet, scratch: Path, output: str = "fil-result") -> list[Profiled]:
    """Runs each line of a snippet, and gives what it wrote; reports are moved out of the way."""
    ran = []
    for number, line in enumerate(snippet.text.splitlines()):
        if line == NOT_RUN_HERE:
            continue
        done = subprocess.run(
            ["sh", "-euc", line],
            cwd=scratch,
            env=environment(scratch),
            capture_output=True,
            timeout=280,
        )
        assert done.returncode == 0, (line, done.stdout.decode(), done.stderr.decode())
        folder = scratch / f"{snippet.section} {number}"
        for made in [scratch / output, scratch / "reports"]:
            if made.exists():
                made.rename(folder)
        ran.append(Profiled(done.returncode, done.stdout, done.stderr, folder))
    return ran


def innermost(ran: Profiled) -> dict[str, int]:
    """Bytes by the innermost frame of each callstack."""
    sums: dict[str, int] = {}
    for frames, size in ran.callstacks.items():
        sums[frames[-1]] = sums.get(frames[-1], 0) + size
    return sums


def line_of(name: str, text: str, section: str) -> int:
    """Where the text stands in the section's program of that name."""
    for snippet in of_section(section):
        if snippet.text.splitlines()[0].endswith(f" {name}"):
            lines = snippet.text.splitlines()
            return 1 + next(i for i, line in enumerate(lines) if text in line)
    raise AssertionError(f"no {name} in {section}")


def test_the_readme_begins_with_what_a_newcomer_needs() -> None:
    sections = re.findall(r"^## (.+)$", README, re.MULTILINE)
    assert sections[:5] == ["Try it", "Python", "The command line", "C", "C++"]
    picture = re.search(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert picture and (ROOT / picture.group(1)).stat().st_size > 10_000


def test_the_first_commands(scratch: Path) -> None:
    commands = of_section("Try it")[0]
    assert NOT_RUN_HERE in commands.text.splitlines()
    (ran,) = run_lines(commands, scratch)
    assert b"336776 flights" in ran.stdout
    wide = [frame for frames in ran.callstacks for frame in frames if "flights.py" in frame]
    assert any("(wide)" in frame for frame in wide)


def test_the_python_start(scratch: Path) -> None:
    program, commands = of_section("Python")
    assert len(program.text.splitlines()) <= 6
    (ran,) = run_lines(commands, scratch)
    assert ran.stdout == b"333332833333500000\n"
    heaviest = max(ran.callstacks, key=ran.callstacks.get)
    line = line_of("squares.py", "for number in numbers", "Python")
    assert any(frame.startswith(f"squares.py:{line} ") for frame in heaviest)


def test_the_command_line(scratch: Path) -> None:
    showed_help, with_arguments, module, native, other_python = run_lines(
        of_section("The command line")[0], scratch
    )
    assert b"--no-browser" in showed_help.stdout and not showed_help.stderr
    for ran in [with_arguments, other_python]:
        assert ran.stdout == b"333332833333500000\n"
        assert ran.peak > 30_000_000
    assert b"1 loop, best of" in module.stdout and module.peak > 3_000_000
    assert native.stdout.startswith(b"\n") or b"total" in native.stdout
    assert native.report.parent.name.startswith("The command line")


@pytest.mark.parametrize(
    ("section", "program", "text", "size"),
    [
        ("C", "start.c", "fil_record_alloc(pool", 3_000_000),
        ("C++", "tables.cpp", "fil_record_alloc(table", 8_000_000),
    ],
)
def test_the_starts_in_c_and_cpp(
    scratch: Path, section: str, program: str, text: str, size: int
) -> None:
    if not (scratch / "installed").exists():
        run_lines(of_section("C")[0], scratch)
    *_, source, commands = of_section(section)
    body = source.text.rpartition("{\n")[2].splitlines()[:-1]
    assert len(body) == 6
    ran = run_lines(commands, scratch)[-1]
    assert ran.stdout == b"The report is in fil-result/" + ran.report.name.encode() + b"\n"
    line = line_of(program, text, section)
    ((frame, counted),) = innermost(ran).items()
    assert counted == size
    assert re.search(rf"{re.escape(program)}:{line} \(main\)$", frame), frame
