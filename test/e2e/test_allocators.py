"""Programs with another allocator than the C library's: linked to them as a library, preloaded, or
linked into them."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from profiling import MIB, PROGRAMS, Profiled, run_plain, run_profiled
from test_hooks import VICTIMS, run_in_session

# As the packages of ./dev have them.
LIBRARIES = ["libjemalloc.so.2", "libtcmalloc_minimal.so.4"]
STATIC_JEMALLOC = Path("/usr/lib/x86_64-linux-gnu/libjemalloc.a")


@pytest.mark.parametrize("allocator", [str(VICTIMS / "libvictim_operators.so"), *LIBRARIES])
def test_every_operator_of_another_allocator_is_counted_once(
    allocator: str, tmp_path: Path
) -> None:
    command = [str(VICTIMS / "operators")]
    environment = {**os.environ, "LD_PRELOAD": allocator}
    plain = run_plain(command, env=environment)
    assert (plain.status, plain.stderr) == (0, b""), "is it installed?"
    recorded = run_in_session(tmp_path, command, env=environment)
    assert (recorded.status, recorded.stdout, recorded.stderr) == (0, plain.stdout, b"")
    assert recorded.peak == pytest.approx(20, abs=0.25)
    assert recorded.numbers["live"] == 0


# ---- one program, linked in several ways ---------------------------------------------------------


def compiled(folder: Path, *arguments: str) -> Path:
    program = folder / "allocations"
    source = PROGRAMS / "allocations.cpp"
    options = "-g -O1 -fno-inline -fno-builtin -std=c++20".split()
    subprocess.run(["c++", *options, source, "-o", program, *arguments], check=True)
    return program


def bytes_of(profiled: Profiled, function: str) -> int:
    return sum(
        size
        for frames, size in profiled.callstacks.items()
        if any(f"({function}(" in frame for frame in frames)
    )


def assert_all_is_counted(profiled: Profiled) -> None:
    assert bytes_of(profiled, "by_new") == 10 * MIB
    assert bytes_of(profiled, "by_aligned") == 4 * MIB
    assert bytes_of(profiled, "by_malloc") == 3 * MIB
    # Beside them a list of 2,000,000 bytes, and what the C++ library keeps for exceptions.
    assert profiled.peak == pytest.approx(17 * MIB + 2_000_000, abs=256 << 10)


@pytest.mark.parametrize("library", LIBRARIES)
def test_operators_are_counted_where_an_allocator_is_linked_to_the_program(
    library: str, tmp_path: Path
) -> None:
    program = compiled(tmp_path, "-Wl,--no-as-needed", f"-l:{library}")
    profiled = run_profiled(tmp_path / "out", [str(program)])
    assert (profiled.status, profiled.stdout) == (0, b"allocated\n")
    assert_all_is_counted(profiled)


def test_operators_are_counted_where_they_are_the_cxx_librarys(tmp_path: Path) -> None:
    assert_all_is_counted(run_profiled(tmp_path / "out", [str(compiled(tmp_path))]))
