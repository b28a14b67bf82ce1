"""The two programs in examples/ that report their own allocator's blocks through fil.h."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

from profiling import FIL_PROFILE, MIB, REPORT_FILES, Ended, Profiled, run_plain

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


def test_a_cpp_program_answers_for_its_containers(tmp_path: Path) -> None:
    ran = run_example("own_allocator_cpp", tmp_path)
    sizes = by_functions(ran)
    assert set(sizes) == {("main", "read_log"), ("main", "most_common_step")}
    # 200,000 strings of 40 bytes that each hold some 30 more; as many nodes of a map.
    assert 14 * MIB < sizes["main", "read_log"] < 20 * MIB
    assert 10 * MIB < sizes["main", "most_common_step"] < 20 * MIB
    assert all("const step " in source_line(frame) for frames in ran.callstacks for frame in frames)


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
