"""`run --native`: C and C++ that Python calls stands in the callstacks, in the order of the calls.

The extension is compiled here, for each interpreter. Its functions take memory, and call back into
Python.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import pythons
from command import script
from profiling import MIB, Profiled, run_profiled

EXTENSION = """\
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#define APART __attribute__((noinline, noclone))
#define AFTER __asm__ volatile("" ::: "memory")

APART static void *grow(long n) {
    void *p = malloc(n);
    memset(p, 1, n);
    AFTER;
    return p;
}
APART static void *grow_and_report(long n) { void *p = grow(n); AFTER; return p; }
APART static PyObject *call_back(PyObject *function) {
    PyObject *result = PyObject_CallObject(function, NULL);
    AFTER;
    return result;
}
APART static PyObject *take(PyObject *self, PyObject *n) {
    grow_and_report(PyLong_AsLong(n));
    Py_RETURN_NONE;
}
APART static PyObject *apply(PyObject *self, PyObject *function) {
    PyObject *result = call_back(function);
    AFTER;
    return result;
}
/* Calls, and takes memory where Python raised. */
APART static PyObject *attempt(PyObject *self, PyObject *function) {
    PyObject *result = call_back(function);
    if (result != NULL) return result;
    PyErr_Clear();
    grow_and_report(5 << 20);
    Py_RETURN_NONE;
}
/* Small objects, by two ways in turn. */
APART static PyObject *make(long n) {
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, n);
    AFTER;
    return bytes;
}
APART static PyObject *on_the_left(long n) { PyObject *p = make(n); AFTER; return p; }
APART static PyObject *on_the_right(long n) { PyObject *p = make(n); AFTER; return p; }
APART static PyObject *fill(PyObject *self, PyObject *list) {
    for (int i = 0; i < 4000; ++i)
        PyList_SetItem(list, i, i % 2 ? on_the_left(100) : on_the_right(200));
    Py_RETURN_NONE;
}
/* The same function once more, so that only a return address differs. */
APART static PyObject *apply_too(PyObject *self, PyObject *function) {
    PyObject *result = call_back(function);
    AFTER;
    return result;
}
static void *in_thread(void *function) {
    PyGILState_STATE state = PyGILState_Ensure();
    Py_XDECREF(call_back(function));
    PyGILState_Release(state);
    return NULL;
}
static PyObject *apply_in_thread(PyObject *self, PyObject *function) {
    pthread_t thread;
    Py_BEGIN_ALLOW_THREADS
    pthread_create(&thread, NULL, in_thread, function);
    pthread_join(thread, NULL);
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}
void *plain_take(long n) { void *p = grow_and_report(n); AFTER; return p; }
typedef void (*callback)(void);
void plain_apply(callback function) { function(); AFTER; }

static PyMethodDef functions[] = {{"take", take, METH_O, 0}, {"apply", apply, METH_O, 0},
    {"attempt", attempt, METH_O, 0}, {"fill", fill, METH_O, 0},
    {"apply_too", apply_too, METH_O, 0}, {"apply_in_thread", apply_in_thread, METH_O, 0}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "mixed", 0, -1, functions};
PyMODINIT_FUNC PyInit_mixed(void) { return PyModule_Create(&module); }
"""
PROGRAM = """\
import ctypes, functools, mixed, threading
plain = ctypes.CDLL(mixed.__file__)
MIB = 1 << 20

def takes(n):
    mixed.take(n * MIB)

def called_back():
    takes(1)

def through_c():
    mixed.apply(called_back)

def in_c_twice():
    mixed.apply(through_c)

def makes_steps():
    yield takes(2)

def steps():
    for step in makes_steps():
        pass

def by_sort():
    sorted([1], key=lambda _: takes(3))

async def waits():
    takes(4)

def awaits():
    try:
        waits().send(None)
    except StopIteration:
        pass

def fails():
    raise ValueError

def survives():
    mixed.attempt(fails)

def by_ctypes():
    plain.plain_apply(ctypes.CFUNCTYPE(None)(lambda: takes(6)))

def plainly():
    plain.plain_take.restype = ctypes.c_void_p
    plain.plain_take(ctypes.c_long(7 * MIB))

def in_thread():
    takes(8)

def in_c_thread():
    takes(9)

def nothing_native():
    global kept
    kept = [bytes(10 * MIB)]

for round in range(3):  # the stacks are met again
    in_c_twice()
    steps()
    by_sort()
    awaits()
    survives()
    by_ctypes()
    plainly()
thread = threading.Thread(target=in_thread)
thread.start()
thread.join()
mixed.apply_in_thread(in_c_thread)
nothing_native()
"""
TAKEN = ("take", "grow_and_report", "grow")


def build_extension(python: pythons.Interpreter) -> None:
    question = "import sysconfig; print(sysconfig.get_path('include'))"
    include = subprocess.run([python.path, "-c", question], capture_output=True, text=True)
    headers = include.stdout.strip()
    if not Path(headers, "Python.h").exists():
        pytest.skip("no headers of this interpreter")
    script("mixed.c", EXTENSION)
    # Debian's machine-dependent headers stand beside the tree that an interpreter was unpacked to.
    beside = Path(headers).parent / "x86_64-linux-gnu" / Path(headers).name
    flags = ["-g", "-O1", "-fno-optimize-sibling-calls", "-shared", "-fPIC", "-w"]
    includes = [f"-I{headers}", f"-I{headers}/..", f"-I{beside}"]
    subprocess.run(["cc", *flags, *includes, "mixed.c", "-o", "mixed.so"], check=True, timeout=120)


def names_of(stack: tuple[str, ...]) -> tuple[str, ...]:
    """Functions of the program and the extension."""
    frames = [frame for frame in stack if re.search(r"\bmix(\.py|ed\.c):", frame)]
    return tuple(re.sub(r"^.*\((.*)\)$", r"\1", frame) for frame in frames)


def held(run: Profiled) -> dict[tuple[str, ...], int]:
    """By names of functions of the program and the extension, in MiB."""
    found: dict[tuple[str, ...], int] = {}
    for stack, size in run.callstacks.items():
        names = names_of(stack)
        if names and size >= MIB // 2:
            found[names] = found.get(names, 0) + round(size / MIB)
    return found


@pytest.mark.parametrize("python", pythons.find(), ids=str)
def test_c_between_python_stands_where_it_was_called(here, python):
    build_extension(python)
    script("mix.py", PROGRAM)
    run = run_profiled(Path("out"), ["--native", "mix.py"], python.path)
    assert (run.status, run.own_stderr) == (0, b"")
    main, back = "<module>", ("apply", "call_back")
    stacks = held(run)
    expected = {
        (main, "in_c_twice", *back, "through_c", *back, "called_back", "takes", *TAKEN): 3,
        (main, "steps", "makes_steps", "takes", *TAKEN): 6,
        (main, "by_sort", "<lambda>", "takes", *TAKEN): 9,
        (main, "awaits", "waits", "takes", *TAKEN): 12,
        (main, "survives", "attempt", "grow_and_report", "grow"): 15,
        (main, "by_ctypes", "plain_apply", "<lambda>", "takes", *TAKEN): 18,
        (main, "plainly", "plain_take", "grow_and_report", "grow"): 21,
        (main, "nothing_native"): 10,
    }
    for stack, size in expected.items():
        assert stacks.pop(stack, None) == size, (stack, stacks)
    of_threads = {stack[-5:]: size for stack, size in stacks.items()}
    assert of_threads == {("in_thread", "takes", *TAKEN): 8, ("in_c_thread", "takes", *TAKEN): 9}


SMALL = """\
import mixed
kept = [[None] * 4000 for _ in range(8)]
free = iter(kept)

def fills():
    mixed.fill(next(free))

def in_steps():
    while True:
        fills()
        mixed.fill(next(free))
        yield

for call in mixed.apply, mixed.apply_too, mixed.apply, mixed.apply_too:
    call(fills)
steps = in_steps()
for call in mixed.apply, mixed.apply_too:  # one frame, that each of the two resumes
    call(steps.__next__)
"""


@pytest.mark.parametrize("python", pythons.find(), ids=str)
def test_small_objects_of_one_call_stand_where_c_made_them(here, python):
    build_extension(python)
    script("mix.py", SMALL)
    run = run_profiled(Path("out"), ["--native", "mix.py"], python.path)
    assert (run.status, run.own_stderr) == (0, b"")
    sizes: dict[tuple[str, ...], int] = {}
    for stack, size in run.callstacks.items():
        names = names_of(stack)
        if names[-1:] == ("make",):
            sizes[names] = sizes.get(names, 0) + size
    expected: dict[tuple[str, ...], int] = {}
    for apply in "apply", "apply_too":
        outer = ("<module>", apply, "call_back")
        for calls, inner in (2, ["fills"]), (1, ["in_steps", "fills"]), (1, ["in_steps"]):
            for way, size in ("on_the_left", 133), ("on_the_right", 233):
                expected[(*outer, *inner, "fill", way, "make")] = calls * 2000 * size
    assert sizes == pytest.approx(expected, abs=8000)  # pymalloc keeps a table of its arenas


def test_lines_count_as_they_do_without(here):
    python = pythons.find()[-1]
    build_extension(python)
    script("mix.py", PROGRAM)
    merged = run_profiled(Path("merged"), ["--native", "mix.py"], python.path)
    plain = run_profiled(Path("plain"), ["mix.py"], python.path)
    assert lines_of(merged) == lines_of(plain)
    assert not any("mixed.c" in frame for stack in plain.callstacks for frame in stack)


def lines_of(run: Profiled) -> list[str]:
    """What was said of the user's lines."""
    text = run.stderr.decode()
    return [line for line in text.splitlines() if "MiB" in line and "mix.py" in line]


def test_the_option_is_no_argument_of_the_program(here):
    script("arguments.py", "import sys; print(sys.argv)")
    run = run_profiled(Path("out"), ["--native", "arguments.py", "--native"])
    assert run.stdout == b"['arguments.py', '--native']\n", run.stderr


NUMPY = """\
import numpy
def kernels():
    a = numpy.zeros(1_000_000) + 1
    b = numpy.concatenate([a, a])
    c = a.astype("f4")
    return a, b, c
kept = kernels()
"""


def test_what_numpy_takes_stands_at_the_line_and_then_at_the_function_of_numpys(here):
    ready = [python for python in pythons.find() if python.is_installed]
    if not ready:
        pytest.skip("no interpreter with numpy")
    script("kernels.py", NUMPY)
    run = run_profiled(Path("out"), ["--native", "kernels.py"], str(ready[-1].venv_python))
    assert (run.status, run.own_stderr) == (0, b"")
    for line, name, size in (4, "concatenate", 16_000_000), (5, "astype", 4_000_000):
        below = [
            stack[stack.index(f"kernels.py:{line} (kernels)") + 1 :]
            for stack, held in run.callstacks.items()
            if held >= size and f"kernels.py:{line} (kernels)" in stack
        ]
        assert len(below) == 1, run.callstacks
        functions = [re.sub(r"^.*multiarray.*\((.*)\)$", r"\1", frame) for frame in below[0]]
        assert any(name in function for function in functions), below
        assert functions[-1] != below[0][-1], below  # named by the symbol table
