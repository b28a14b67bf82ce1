"""The programs in examples that report their own allocator's blocks, by fil.h or the core alone."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from profiling import FIL_PROFILE, MIB, REPORT_FILES, ROOT, Ended, Profiled, run_plain

BUILD = FIL_PROFILE.parent.parent


def run_example(name: str, output: Path) -> Profiled:
    """From the build folder: the sources' names were given to the compiler relative to it."""
    ended: Ended = run_plain([str(BUILD / "examples" / name), str(output)], cwd=BUILD)
    assert ended.status == 0, ended.stderr
    return Profiled(ended.status, ended.stdout, ended.stderr, output)


def by_functions(ran: Profiled) -> dict[tuple[str, ...], int]:
    """Bytes by the functions of a callstack alone: `main`, `load_level` ..."""
    return {
        tuple(re.findall(r"\((\w+)\)", ";".join(frames))): size
        for frames, size in ran.callstacks.items()
    }


def source_line(frame: str) -> str:
    """What stands in the file at the line that a frame names."""
    file, line = re.fullmatch(r"(.*):(\d+) \(\w+\)", frame).groups()
    return (BUILD / file).read_text().splitlines()[int(line) - 1]


def test_a_c_program_reports_its_pool_exactly(tmp_path: Path) -> None:
    ran = run_example("own_allocator_c", tmp_path)
    assert by_functions(ran) == {
        ("main", "load_level", "decode"): 6 * 4 * MIB,
        ("main", "load_level"): 8 * MIB,
    }
    lines = " ".join(source_line(frames[-1]) for frames in ran.callstacks)
    assert "pixels = take(" in lines and "triangles = take(" in lines


def test_a_cpp_program_has_native_stacks_of_its_containers(tmp_path: Path) -> None:
    ran = run_example("own_allocator_cpp", tmp_path)
    held = {"read_log": 0, "most_common_step": 0}
    for frames, size in ran.callstacks.items():
        [function] = [name for name in held if any(f"::{name})" in frame for frame in frames)]
        held[function] += size
        own = [frame for frame in frames if "own_allocator.cpp:" in frame]
        assert [name in frame for name, frame in zip(("main", function), own)] == [True, True]
    # 200,000 strings of 40 bytes that each hold some 30 more; as many nodes of a map.
    assert 14 * MIB < held["read_log"] < 20 * MIB
    assert 10 * MIB < held["most_common_step"] < 20 * MIB


def test_their_reports_are_of_the_kind_that_fil_profile_writes(tmp_path: Path) -> None:
    ran = run_example("own_allocator_c", tmp_path)
    assert {file.name for file in ran.report.iterdir()} == REPORT_FILES
    assert str(ran.report) == ran.stdout.decode().splitlines()[-1]
    for name in ["peak-memory.svg", "peak-memory-reversed.svg"]:
        texts = ElementTree.parse(ran.report / name).iter("{http://www.w3.org/2000/svg}title")
        titles = [title.text for title in texts if title.text]
        assert any("(decode)" in title and "25,165,824 bytes, 75.00%" in title for title in titles)
    page = (ran.report / "index.html").read_text()
    assert "own_allocator_c" in page and "load_level" in page


def test_the_core_alone_finds_the_peak_and_who_held_it(tmp_path: Path) -> None:
    example = str(BUILD / "examples" / "core_alone")
    ended = run_plain([example, str(tmp_path)], cwd=BUILD)
    assert (ended.status, ended.stdout, ended.stderr) == (0, b"The peak: 32.0 MiB\n", b"")
    folded = (tmp_path / "peak-memory.prof").read_text().splitlines()
    frames = {line.rsplit(" ", 1)[0]: int(line.rsplit(" ", 1)[1]) for line in folded}
    # What came after the peak (four MiB of `decode` from `main`) is not in it.
    assert {tuple(re.findall(r"\((\w+)\)", stack)): size for stack, size in frames.items()} == {
        ("load_level", "decode"): 6 * 4 * MIB,
        ("load_level",): 8 * MIB,
    }
    for stack in frames:
        frame = stack.split(";")[-1]
        assert re.search(r"\((\w+)\)", frame)[1] in source_line(frame)
    titles = ElementTree.parse(tmp_path / "peak-memory.svg").iter(
        "{http://www.w3.org/2000/svg}title"
    )
    texts = [title.text for title in titles]
    assert texts[0] == "Peak Tracked Memory Usage (32.0 MiB)"
    assert any("(decode) (25,165,824 bytes, 75.00%)" in text for text in texts)
    assert b"libfil" not in run_plain(["ldd", example]).stdout


def test_the_core_alone_is_short() -> None:
    """What the guide says of it."""
    assert len((ROOT / "examples/core_alone.cpp").read_text().splitlines()) < 80
