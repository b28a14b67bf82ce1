"""Blocks: which line made them and how large they are. See stacks.py."""

import ctypes
import sys

from stacks_probe import (
    IS_DEBUG,
    IS_MIMALLOC,
    READS_FRAMES,
    block_bytes,
    block_stack,
    here,
    locked,
    same,
)


def test_blocks_stand_at_the_line_that_made_them():
    block, expected = bytes(100), here()
    assert block_bytes(id(block)) == 133
    same(block_stack(id(block)), expected)
    block, expected = bytes(10_000), here()
    if not IS_DEBUG:  # where a large block starts before the object
        assert block_bytes(id(block)) == 10_033
        same(block_stack(id(block)), expected)
    address = id(block)
    del block
    assert block_bytes(address) != 10_033


def domain(name):
    api = ctypes.pythonapi
    functions = []
    for function, arguments in [("Malloc", 1), ("Calloc", 2), ("Realloc", 2), ("Free", 1)]:
        call = api[f"{name}_{function}"]
        call.restype = None if function == "Free" else ctypes.c_void_p
        call.argtypes = [
            ctypes.c_void_p if function in ("Realloc", "Free") else ctypes.c_size_t
        ] + [ctypes.c_size_t] * (arguments - 1)
        functions.append(call)
    return functions


def test_each_size_is_counted_once():
    for name in "PyMem", "PyObject":
        malloc, calloc, realloc, free = domain(name)

        def expect(address, size, name=name):
            if IS_DEBUG and size > 512:
                # malloc's block, which starts before the headers of one or two debug layers
                assert block_bytes(address) == -1
                found = max(block_bytes(address - 16), block_bytes(address - 32))
                assert found >= size, (name, size, found)
            else:
                assert block_bytes(address) == size, (name, size, block_bytes(address))

        for size in 1, 2, 16, 511, 512, 513, 4096, 1 << 20:
            address = malloc(size)
            expect(address, size)
            free(address)
            address = calloc(size, 1)
            expect(address, size)
            free(address)
            address = calloc(1, size)
            expect(address, size)
            for next_size in 512, 513, 8, 100_000, 20, 512, 500, 0x1000, 1:
                address = realloc(address, next_size)
                expect(address, next_size)
            free(address)
            address = realloc(None, size)
            expect(address, size)
            free(address)


def test_a_failed_realloc_keeps_the_block():
    malloc, _calloc, realloc, free = domain("PyMem")
    for size in 100, 1000:
        address = malloc(size)
        before = block_bytes(address), block_stack(address)
        assert realloc(address, 1 << 62) is None
        assert (block_bytes(address), block_stack(address)) == before
        free(address)


def test_nothing_bytes_is_something():
    malloc, _calloc, realloc, free = domain("PyObject")
    address = malloc(0)
    assert address is not None
    assert block_bytes(address) in ((0, 1) if IS_DEBUG or IS_MIMALLOC else (1,))
    address = realloc(address, 100)
    assert block_bytes(address) == 100
    free(address)


def test_no_byte_is_counted_twice():
    keep = [{number: str(number)} for number in range(2000)]
    lists = [list(range(number)) for number in range(200)]
    for each in lists:
        each.extend(range(100))
    assert locked.probe_overlaps() == 0
    del keep


def test_objects_all_over_are_seen():
    numbers = [float(number) + 0.5 for number in range(5000)]
    seen = sum(block_bytes(id(number)) == 24 for number in numbers)
    assert seen > 4500, seen  # the rest come from the interpreter's list of free floats


def test_says_what_runs():
    version = "CPython " + sys.version.split()[0]
    assert locked.probe_fact(b"runtime").decode() == version + "\n", locked.probe_fact(b"runtime")
    assert (locked.probe_fact(b"note") == b"") == READS_FRAMES


def test_nothing_of_ours_is_imported():
    assert not [
        name for name in sys.modules if "fil" in name.split(".")[0] and name.startswith("filprof")
    ]
