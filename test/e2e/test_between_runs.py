"""`fil-profile python` between runs: the interpreter's own allocators, as if we were not there."""

from __future__ import annotations

import subprocess
import sys

import pytest
from command import script
from parts import PATH, large
from profiling import FIL_PROFILE, run_plain
from pythons import Interpreter, find

# Whose code is at the allocators of small objects: the interpreter's (or its library's) or ours.
WHOSE = """
import ctypes, sys, tracemalloc
from filprofiler.api import profile, profiling

class Allocator(ctypes.Structure):
    _fields_ = [(name, ctypes.c_void_p) for name in ("ctx", "malloc", "calloc", "realloc", "free")]

class Info(ctypes.Structure):
    _fields_ = [(n, ctypes.c_char_p if n == "file" else ctypes.c_void_p) for n in ("file", *"abc")]

def whose():
    names = set()
    for domain in 1, 2:
        found, info = Allocator(), Info()
        ctypes.pythonapi.PyMem_GetAllocator(domain, ctypes.byref(found))
        ctypes.CDLL(None).dladdr(ctypes.c_void_p(found.malloc), ctypes.byref(info))
        names.add("ours" if b"libfil_preload" in info.file else "python's")
    return names.pop() if len(names) == 1 else names

def lists():
    return [[i] for i in range(200_000)]
"""


def run(python: str, code: str) -> list[str]:
    program = script("program.py", WHOSE + code)
    words = [str(FIL_PROFILE), "--python", python, "python", program]
    ended = run_plain(words, env=PATH, timeout=60)
    assert (ended.status, ended.stderr) == (0, b""), ended.stderr.decode()
    return ended.stdout.decode().splitlines()


def bytes_of_lists(directory: str) -> int:
    """In MiB."""
    return sum(size for stack, size in large(directory).items() if "lists" in str(stack))


@pytest.mark.parametrize("interpreter", find(), ids=str)
def test_the_wrappers_are_there_for_the_run_only(interpreter: Interpreter, here):
    code = """
print(whose())
kept = profile(lambda: (lists(), print(whose())), "a")
print(whose(), len(kept[0]))
del kept
again = profile(lists, "b")
print(whose())
"""
    assert run(interpreter.path, code) == ["python's", "ours", "python's 200000", "python's"]
    # 200,000 lists of one number: 56 bytes with the collector's head, and a place for the number.
    assert 15 <= bytes_of_lists("a") <= 25
    assert bytes_of_lists("a") == bytes_of_lists("b")


def test_a_layer_on_top_of_the_wrapper_is_not_cut_off(here):
    code = """
with profiling("a"):
    tracemalloc.start()
    first = lists()
print(whose(), len(first), tracemalloc.get_traced_memory()[0] > 10_000_000)
second = lists()
tracemalloc.stop()
print(whose())
third = profile(lists, "b")
print(whose(), len(second), len(third))
"""
    assert run(sys.executable, code) == ["python's 200000 True", "ours", "python's 200000 200000"]
    assert bytes_of_lists("a") >= 15
    assert 15 <= bytes_of_lists("b") <= 25


# A layer of somebody's own, as an extension module may have one: it calls what was there before.
LAYER = """
#include <stddef.h>
typedef struct {
    void* context;
    void* (*malloc)(void*, size_t);
    void* (*calloc)(void*, size_t, size_t);
    void* (*realloc)(void*, void*, size_t);
    void (*free)(void*, void*);
} layer;
extern void PyMem_GetAllocator(int, layer*);
extern void PyMem_SetAllocator(int, layer*);
static layer below[3];
static void* malloc_below(void* b, size_t n) {
    return ((layer*)b)->malloc(((layer*)b)->context, n);
}
static void* calloc_below(void* b, size_t n, size_t m) {
    return ((layer*)b)->calloc(((layer*)b)->context, n, m);
}
static void* realloc_below(void* b, void* p, size_t n) {
    return ((layer*)b)->realloc(((layer*)b)->context, p, n);
}
static void free_below(void* b, void* p) { ((layer*)b)->free(((layer*)b)->context, p); }
void put_on(void) {
    for (int domain = 1; domain <= 2; ++domain) {
        PyMem_GetAllocator(domain, &below[domain]);
        layer on = {&below[domain], malloc_below, calloc_below, realloc_below, free_below};
        PyMem_SetAllocator(domain, &on);
    }
}
void take_off(void) {
    for (int domain = 1; domain <= 2; ++domain) PyMem_SetAllocator(domain, &below[domain]);
}
"""


@pytest.mark.parametrize("taken_off", ["in the run", "between runs", "never"])
@pytest.mark.parametrize("put_on", ["before", "in the run"])
def test_a_layer_of_the_programs_own_may_come_and_go(put_on: str, taken_off: str, here):
    compile_it = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", "layer.so"]
    subprocess.run(compile_it, input=LAYER, text=True, check=True)
    code = f"""
layer = ctypes.PyDLL("./layer.so")
if {put_on!r} == "before": layer.put_on()
with profiling("a"):
    if {put_on!r} == "in the run": layer.put_on()
    first = lists()
    if {taken_off!r} == "in the run": layer.take_off()
if {taken_off!r} == "between runs": layer.take_off()
second = lists()
third = profile(lists, "b")
print(len(first), len(second), len(third))
"""
    assert run(sys.executable, code) == ["200000 200000 200000"]
    assert bytes_of_lists("a") >= 15
    assert 15 <= bytes_of_lists("b") <= 25
