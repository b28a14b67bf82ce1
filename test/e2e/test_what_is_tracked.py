"""What is counted, and as what: one small program for each way to get memory.

Heap and anonymous memory make the peak; files and shared memory have numbers and callstacks of
their own in the report, those of the moment of the peak.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from command import profiled, script
from conservation import model_of
from profiling import MIB, Profiled

BIG = 48 * MIB  # of what each program asks for


def model(run: Profiled) -> dict:
    return model_of(run.report)


def mapped(run: Profiled, kind: str) -> list[tuple[int, list[str]]]:
    """Bytes and callstacks, `file:line (function)`, of a kind of mapping."""
    report = model(run)
    frames = [f"{f['p']}:{f['l']} ({f['f']})" for f in report["frames"]]
    found = next(one for one in report["mappings"] if one["kind"] == kind)
    return [(entry["bytes"], [frames[i] for i in entry["stack"]]) for entry in found["top"]]


def bytes_at(run: Profiled, innermost: str) -> int:
    return sum(size for stack, size in run.callstacks.items() if stack[-1].startswith(innermost))


# ---- Python --------------------------------------------------------------------------------------

MAPS = """
    import mmap, os, sys
    def take():
        {0}
    kept = take()
    peak = bytearray(16 << 20)
    del peak
"""


def maps(how: str) -> Profiled:
    shutil.rmtree("out", ignore_errors=True)
    return profiled(script("maps.py", MAPS.format(how)))


@pytest.mark.parametrize(
    "how",
    [
        "return mmap.mmap(-1, 48 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)",
        "return mmap.mmap(os.open('/dev/zero', os.O_RDWR), 48 << 20, flags=mmap.MAP_PRIVATE)",
        "return bytearray(48 << 20)",
        "return mmap.mmap(-1, 48 << 20)",
        "return mmap.mmap(-1, 48 << 20, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)",
        "return mmap.mmap(os.open('/dev/zero', os.O_RDWR), 48 << 20)",
        "m = mmap.mmap(-1, 8 << 20, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS);"
        " m.resize(48 << 20); return m",
    ],
    ids=["private", "dev_zero", "heap", "shared", "said", "dev_zero_shared", "resized"],
)
def test_anonymous_memory_is_in_the_peak(here, how):
    run = maps(how)
    assert bytes_at(run, "maps.py:4 (take)") == pytest.approx(BIG, abs=4096)
    assert mapped(run, "shared") == []


def test_memory_shared_with_children_is_counted_once_where_it_was_made(here):
    code = """
        import mmap, os
        kept = mmap.mmap(-1, 48 << 20)
        if os.fork() == 0:
            mine = mmap.mmap(-1, 8 << 20)
            kept.close()
            block = bytearray(4 << 20)
            os._exit(0)
        os.wait()
        block = bytearray(16 << 20)
        del block
    """
    run = profiled(script("forks.py", code))
    report = model(run)
    assert bytes_at(run, "forks.py:3 (<module>)") == pytest.approx(BIG, abs=4096)
    assert report["facts"]["others"]["most"] < BIG / 2
    of_all = report["facts"]["peak"]
    assert 64 * MIB <= of_all < 80 * MIB


def test_shared_memory_that_is_counted_is_explained_as_such(here):
    code = """
        import mmap, time
        kept = mmap.mmap(-1, 48 << 20)
        for at in range(0, 48 << 20, 4096):
            kept[at] = 1
        time.sleep(0.2)
    """
    resident = model(profiled(script("fills.py", code)))["facts"]["resident"]
    assert resident["peak_shared"] == BIG
    assert resident["shared"] > 0.9 * BIG


@pytest.mark.parametrize(
    "how",
    [
        "f = os.memfd_create('x'); os.truncate(f, 48 << 20); return mmap.mmap(f, 48 << 20)",
        "from multiprocessing import shared_memory as s; global m;"
        " m = s.SharedMemory(create=True, size=48 << 20); m.unlink(); return m.buf",
    ],
    ids=["memfd", "posix"],
)
def test_named_shared_memory_stands_beside_it(here, how):
    run = maps(how)
    assert run.peak < BIG / 2
    size, stack = mapped(run, "shared")[0]
    assert size == BIG
    assert "maps.py:4 (take)" in stack


def test_a_mapped_file_stands_beside_it(here):
    with Path("data").open("wb") as file:
        file.truncate(BIG)
    disk = subprocess.run(["stat", "-f", "-c", "%T", "."], capture_output=True, text=True).stdout
    run = maps("return mmap.mmap(os.open('data', os.O_RDWR), 0)")
    assert run.peak < BIG / 2
    size, stack = mapped(run, "shared" if disk.strip() == "tmpfs" else "file")[0]
    assert (size, "maps.py:4 (take)" in stack) == (BIG, True)
    private = maps("return mmap.mmap(os.open('data', os.O_RDONLY), 0, access=mmap.ACCESS_COPY)")
    assert mapped(private, "file")[0][0] == BIG


SYSTEM_V = """
    import ctypes
    libc = ctypes.CDLL(None)
    libc.shmat.restype = ctypes.c_void_p
    libc.shmdt.argtypes = [ctypes.c_void_p]
    segment = libc.shmget(0, 48 << 20, 0o1600)
    def attach():
        return libc.shmat(segment, None, 0)
    first = attach()
    second = attach()
    libc.shmctl(segment, 0, None)
    block = bytearray(8 << 20)
    del block
    libc.shmdt(first)
    block = bytearray({} << 20)
"""


@pytest.mark.parametrize("later, attached", [(4, 2), (16, 1)], ids=["both", "one detached"])
def test_system_v_shared_memory_is_seen_while_it_is_attached(here, later, attached):
    run = profiled(script("attaches.py", SYSTEM_V.format(later)))
    assert run.peak < BIG / 2
    seen = mapped(run, "shared")
    assert all(stack[-1] == "attaches.py:8 (attach)" for _, stack in seen)
    assert sum(size for size, _ in seen) == attached * BIG


def test_a_file_that_is_unmapped_before_anything_is_freed_was_there(here):
    code = """
        import mmap, tempfile
        with tempfile.TemporaryFile() as file:
            file.truncate(8 << 20)
            mapped = mmap.mmap(file.fileno(), 8 << 20, prot=mmap.PROT_READ)
            copy = bytes(mapped)
            mapped.close()
    """
    run = profiled(script("copies.py", code))
    assert bytes_at(run, "copies.py:6 (<module>)") >= 8 * MIB
    assert [size for size, _ in mapped(run, "file") + mapped(run, "shared")] == [8 * MIB]


def test_what_tracemalloc_cannot_see_is_seen(here):
    code = """
        import ctypes, tracemalloc
        tracemalloc.start()
        malloc = ctypes.CDLL(None).malloc
        malloc.restype = ctypes.c_void_p
        block = malloc(ctypes.c_size_t(48 << 20))
        print(tracemalloc.get_traced_memory()[1] >> 20)
    """
    run = profiled(script("mallocs.py", code))
    assert run.stdout == b"0\n"
    assert bytes_at(run, "mallocs.py:6 (<module>)") >= BIG


# ---- C++ and Fortran -----------------------------------------------------------------------------


def built(compiler: str, name: str, source: str, *flags: str) -> str:
    if shutil.which(compiler) is None:
        pytest.skip(f"there is no {compiler}")
    Path(name).write_text(source)
    program = "./" + name.split(".")[0]
    subprocess.run([compiler, "-g", "-O0", name, *flags, "-o", program], check=True)
    return program


C = """\
#define _GNU_SOURCE
#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#define BIG (48ul << 20)
static void *of_posix(void) { void *p = 0; return posix_memalign(&p, 4096, BIG) == 0 ? p : 0; }
static void *remapped(void) {
    void *p = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mremap(p, 4096, BIG, MREMAP_MAYMOVE);
}
int main(void) {
    void *volatile kept[] = {
        malloc(BIG),
        calloc(BIG, 1),
        realloc(0, BIG),
        reallocarray(0, BIG, 1),
        of_posix(),
        aligned_alloc(64, BIG),
        memalign(64, BIG),
        valloc(BIG),
        pvalloc(BIG),
        remapped(),
    };
    return kept[0] == 0;
}
"""


def test_every_function_of_c_that_gives_memory_is_in_the_peak(here):
    run = profiled(built("cc", "takes.c", C))
    held = {}
    for stack, size in run.callstacks.items():
        place = next(frame for frame in stack if "takes.c" in frame and "(main)" in frame)
        held[place] = held.get(place, 0) + size
    lines = [f"{here}/takes.c:{line} (main)" for line in range(13, 23)]
    assert [held[line] for line in lines] == pytest.approx([BIG] * 10, abs=4096)


CPP = """\
#include <new>
#include <cstdlib>
struct alignas(4096) page { char bytes[4096]; };
page* aligned() { return new page[12288]; }
char* plain() { return new char[48 << 20]; }
void* nothrow() { return ::operator new(48 << 20, std::align_val_t(64), std::nothrow); }
void* old() { return aligned_alloc(64, 48 << 20); }
int main() {
    page* a = aligned();
    char* b = plain();
    void* c = nothrow();
    void* d = old();
    asm volatile("" : : "r"(a), "r"(b), "r"(c), "r"(d) : "memory");
    delete[] a;
    delete[] b;
    ::operator delete(c, std::align_val_t(64));
    free(d);
}
"""


def test_new_and_aligned_new_of_cpp_are_in_the_peak(here):
    run = profiled(built("c++", "news.cpp", CPP, "-std=c++17"))
    assert 4 * BIG <= run.peak < 4 * BIG + MIB
    for line, function in {4: "aligned()", 5: "plain()", 6: "nothrow()", 7: "old()"}.items():
        frame = f"{here}/news.cpp:{line} ({function})"
        held = sum(size for stack, size in run.callstacks.items() if frame in stack)
        assert BIG <= held <= BIG + 64, frame


FORTRAN = """\
module work
  implicit none
contains
  subroutine fill(n) bind(c)
    use iso_c_binding
    integer(c_long), value :: n
    real(8), allocatable :: table(:, :)
    allocate(table(n, 6))
    table = 1.0d0
    print *, sum(table) > 0
    deallocate(table)
  end subroutine
end module
"""


def test_allocatable_arrays_of_fortran_90_are_in_the_peak(here):
    whole = FORTRAN + "program main\n  use work\n  call fill(1048576_8)\nend program\n"
    run = profiled(built("gfortran", "filling.f90", whole))
    assert run.stdout.split() == [b"T"]
    frame = f"{here}/filling.f90:8 (work::fill)"
    assert BIG <= sum(size for stack, size in run.callstacks.items() if frame in stack) <= BIG + 64


def test_fortran_called_from_python_counts_for_the_line_that_called_it(here):
    library = built("gfortran", "library.f90", FORTRAN, "-shared", "-fPIC")
    name = script(
        "calls.py",
        f"""
        import ctypes
        library = ctypes.CDLL({library!r})
        library.fill(ctypes.c_long(1048576))
        """,
    )
    run = profiled(name)
    assert BIG <= bytes_at(run, "calls.py:4 (<module>)") <= BIG + MIB


F2PY = """\
subroutine grow(n)
  integer(8) :: n
  real(8), allocatable :: x(:)
  allocate(x(n))
  x = 1
  if (sum(x) < 0) stop
  deallocate(x)
end subroutine
"""


def test_an_f2py_module_counts_for_the_line_that_called_it(here):
    header = Path(sysconfig.get_path("include"), "Python.h")
    if shutil.which("gfortran") is None or not header.exists():
        pytest.skip("there is no gfortran or no Python.h")
    Path("grows.f90").write_text(F2PY)
    subprocess.run([sys.executable, "-m", "numpy.f2py", "grows.f90", "-m", "grows"], check=True)
    code = "import numpy, numpy.f2py; print(numpy.get_include(), numpy.f2py.get_include())"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    numpy, f2py = made.stdout.split()
    includes = [f"-I{path}" for path in (header.parent, numpy, f2py)]
    sources = ["growsmodule.c", f"{f2py}/fortranobject.c", "grows.f90"]
    flags = ["-w", "-shared", "-fPIC", *includes, *sources, "-o", "grows.so"]
    subprocess.run(["gfortran", *flags], check=True)
    run = profiled(script("uses.py", "import grows\ngrows.grow(6291456)\n"))
    assert BIG <= bytes_at(run, "uses.py:2 (<module>)") <= BIG + MIB
