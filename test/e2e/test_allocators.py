"""Programs with another allocator than the C library's: linked to them as a library, preloaded, or
linked into them."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
import pythons
from profiling import FIL_PROFILE, MIB, PROGRAMS, ROOT, Profiled, run_plain, run_profiled
from test_hooks import VICTIMS, run_in_session
from test_what_is_tracked import model

# As the packages of ./dev have them. Debian's mimalloc is built as C: a `new` that fails ends the
# program, whoever would catch it.
MIMALLOC = "libmimalloc.so.2"
LIBRARIES = [
    "libjemalloc.so.2",
    MIMALLOC,
    "libtcmalloc_minimal.so.4",
    "libtbbmalloc_proxy.so.2",
]
PROFILED_HERE = [str(FIL_PROFILE), "--no-browser", "-o", "out"]
STATIC_JEMALLOC = Path("/usr/lib/x86_64-linux-gnu/libjemalloc.a")
STATIC_TCMALLOC = STATIC_JEMALLOC.with_name("libtcmalloc_minimal.a")


@pytest.mark.parametrize(
    "allocator",
    [str(VICTIMS / "libvictim_operators.so"), *(one for one in LIBRARIES if one != MIMALLOC)],
)
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


@pytest.mark.parametrize("library", LIBRARIES)
def test_operators_are_counted_where_an_allocator_is_preloaded(
    library: str, tmp_path: Path
) -> None:
    environment = {**os.environ, "LD_PRELOAD": library}
    profiled = run_profiled(tmp_path / "out", [str(compiled(tmp_path))], env=environment)
    assert (profiled.status, profiled.stdout, profiled.own_stderr) == (0, b"allocated\n", b"")
    assert_all_is_counted(profiled)


FAILS = """
#include <cstdio>
#include <cstring>
#include <new>
static void handle() { std::puts("handled"); std::set_new_handler(nullptr); }
static char* hold(std::size_t bytes) { return new char[bytes]; }
int main(int count, char** words) {
    std::memset(hold(5 << 20), 1, 5 << 20);
    if (count > 1 && words[1][0] == 'h') std::set_new_handler(handle);
    if (count > 1 && words[1][0] == 'u') hold(1l << 50);
    try {
        hold(1l << 50);
    } catch (const std::bad_alloc&) {
        std::puts("caught");
    }
}
"""


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_new_of_another_allocator_that_fails_is_want_of_memory(
    library: str, tmp_path: Path
) -> None:
    (tmp_path / "fails.cpp").write_text(FAILS)
    program = [str(tmp_path / "fails")]
    options = ["-fno-builtin", "-Wl,--no-as-needed", f"-l:{library}"]
    subprocess.run(["c++", tmp_path / "fails.cpp", "-o", *program, *options], check=True)
    for words in [[], ["uncaught"]]:
        ended = run_plain([*PROFILED_HERE, "run", *program, *words], cwd=tmp_path)
        assert (ended.status, ended.stdout) == (53, b""), ended.stderr.decode()
        assert re.search(rb"a request for 1\.0 \w+ failed", ended.stderr)
    if library == MIMALLOC:
        return
    plain = run_plain([*PROFILED_HERE, "--disable-oom-detection", "run", *program], cwd=tmp_path)
    assert (plain.status, plain.stdout) == (0, b"caught\n")
    without = run_plain(program, cwd=tmp_path)
    assert plain.stderr.count(b"tcmalloc: ") == without.stderr.count(b"tcmalloc: "), "asked once"
    handled = run_plain([*PROFILED_HERE, "run", *program, "handler"], cwd=tmp_path)
    assert handled.stdout.startswith(b"handled\n")  # jemalloc's asks its malloc then


def test_operators_are_counted_where_they_are_the_cxx_librarys(tmp_path: Path) -> None:
    profiled = run_profiled(tmp_path / "out", [str(compiled(tmp_path))])
    assert_all_is_counted(profiled)
    assert notes_of(profiled) == []


# ---- inside the program: it runs as it would, and the page says what is not seen -----------------


def notes_of(profiled: Profiled) -> list[str]:
    return model(profiled)["facts"]["notes"]


def test_a_jemalloc_linked_into_the_program_tells_of_its_blocks(tmp_path: Path) -> None:
    program = compiled(tmp_path, str(STATIC_JEMALLOC), "-lpthread", "-ldl", "-lm")
    profiled = run_profiled(tmp_path / "out", [str(program)])
    assert (profiled.status, profiled.stdout, profiled.own_stderr) == (0, b"allocated\n", b"")
    assert_all_is_counted(profiled)
    assert notes_of(profiled) == []


WHOLE = "-Wl,--whole-archive,{},--no-whole-archive"


@pytest.mark.parametrize(
    ("named", "options"),
    [
        ("jemalloc", [str(STATIC_JEMALLOC), "-s"]),
        ("tcmalloc", [WHOLE.format(STATIC_TCMALLOC)]),
    ],
)
def test_an_allocator_linked_into_the_program_harms_nobody_and_is_named(
    named: str, options: list[str], tmp_path: Path
) -> None:
    program = compiled(tmp_path, *options, "-lpthread", "-ldl", "-lm")
    profiled = run_profiled(tmp_path / "out", [str(program), "lingers"])
    assert (profiled.status, profiled.stdout, profiled.own_stderr) == (0, b"allocated\n", b"")
    assert profiled.peak >= 17 * MIB, "what it maps"
    notes = notes_of(profiled)
    assert len(notes) == 1
    assert notes[0].startswith(f"The program has {named} linked into it")
    assert 17 * MIB < mapped_in(notes[0]) <= profiled.peak * 1.01
    assert f"\n=fil-profile= {notes[0]}\n" in profiled.stderr.decode()


def mapped_in(note: str) -> float:
    told = re.search(r"takes it; ([\d.]+) MiB of that were resident at the peak", note)
    assert told, note
    return float(told[1]) * MIB


def test_a_malloc_of_the_programs_own_is_named(tmp_path: Path) -> None:
    profiled = run_profiled(tmp_path / "out", [str(VICTIMS / "locked_malloc")])
    assert (profiled.status, profiled.stdout) == (0, b"locked\n")
    assert [note for note in notes_of(profiled) if "has a malloc of its own" in note]


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_allocator_that_a_start_script_puts_before_us_is_seen_or_named(
    library: str, tmp_path: Path
) -> None:
    command = f'LD_PRELOAD="{library}:$LD_PRELOAD" exec {compiled(tmp_path)}'
    profiled = run_profiled(tmp_path / "out", ["/bin/sh", "-c", command])
    assert (profiled.status, profiled.stdout, profiled.own_stderr) == (0, b"allocated\n", b"")
    notes = notes_of(profiled)
    if "jemalloc" in library:  # that one tells of its blocks
        assert notes == []
        return assert_all_is_counted(profiled)
    assert profiled.peak >= 17 * MIB, "what it maps"
    assert len(notes) == 1
    assert notes[0].startswith(f"{library} was preloaded before our library")
    assert f"\n=fil-profile= {notes[0]}\n" in profiled.stderr.decode()


def shared_library_of(python: str) -> Path:
    code = (
        "import sysconfig as s; get = s.get_config_var; "
        "print(get('LIBDIR') + '/' + str(get('INSTSONAME')))"
    )
    return Path(subprocess.check_output([python, "-c", code], text=True).strip())


# From 3.12 on the interpreter's state is a thread-local variable, which malloc is asked for.
EMBEDDABLE = [
    one
    for one in pythons.find()
    if (library := shared_library_of(one.path)).is_file() and library.suffix != ".a"
]


@pytest.mark.parametrize("python", EMBEDDABLE[-2:], ids=str)
def test_an_interpreter_is_opened_where_malloc_holds_a_lock(python, tmp_path: Path) -> None:
    victims = ROOT / "test" / "preload" / "victims"
    program = tmp_path / "embeds"
    subprocess.run(
        [
            "cc",
            "-D_GNU_SOURCE",
            "-Dmain=unused_main",
            "-fno-builtin",
            "-c",
            victims / "locked_malloc.c",
            "-o",
            tmp_path / "malloc.o",
        ],
        check=True,
    )
    sources = [PROGRAMS / "embeds_python.c", victims / "keys.c", tmp_path / "malloc.o"]
    subprocess.run(["cc", "-g", "-rdynamic", "-pthread", *sources, "-o", program], check=True)
    library = shared_library_of(python.path)
    home = subprocess.check_output(
        [python.path, "-c", "import sys; print(sys.base_prefix)"], text=True
    )
    environment = {**os.environ, "PYTHONHOME": home.strip()}
    profiled = run_profiled(tmp_path / "out", [str(program), str(library)], env=environment)
    assert (profiled.status, profiled.stdout, profiled.own_stderr) == (0, b"100\n", b"")
    assert profiled.peak >= 10_000_000


def test_where_resident_memory_is_far_above_what_is_counted_the_page_says_so(
    tmp_path: Path,
) -> None:
    source = tmp_path / "taken.c"
    source.write_text(PAST_EVERY_HOOK)
    subprocess.run(["cc", source, "-o", tmp_path / "taken"], check=True)
    notes = notes_of(run_profiled(tmp_path / "out", [str(tmp_path / "taken")]))
    assert len(notes) == 1
    resident = float(notes[0].split(" MiB")[0])
    assert resident == pytest.approx(50, abs=4)
    assert "resident at the peak" in notes[0]


PAST_EVERY_HOOK = """
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) {
    register long flags __asm__("r10") = 0x22; /* private, anonymous */
    register long file __asm__("r8") = -1, offset __asm__("r9") = 0;
    long bytes = 50 << 20, at = SYS_mmap;
    __asm__ volatile("syscall"
                     : "+a"(at)
                     : "D"(0), "S"(bytes), "d"(3), "r"(flags), "r"(file), "r"(offset)
                     : "rcx", "r11", "memory");
    memset((char*)at, 1, bytes);
    usleep(500000); /* until a sample has seen it */
}
"""
