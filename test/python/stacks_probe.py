"""What the tests of stacks.py stand on: the probe library in this process, and the interpreter's
own account of a stack to compare with."""

import ctypes
import os
import sys

KIND = os.environ["FIL_PROBE_KIND"]
READS_FRAMES = KIND == "frames"
IS_MIMALLOC = os.environ.get("PYTHONMALLOC") == "mimalloc"
IS_DEBUG = "debug" in os.environ.get("PYTHONMALLOC", "") or sys.flags.dev_mode

locked, unlocked = ctypes.PyDLL(None), ctypes.CDLL(None)
for library in locked, unlocked:
    library.probe_stack.restype = ctypes.c_char_p
    library.probe_block_stack.restype = ctypes.c_char_p
    library.probe_block_stack.argtypes = [ctypes.c_void_p]
    library.probe_block_bytes.restype = ctypes.c_long
    library.probe_block_bytes.argtypes = [ctypes.c_void_p]
    library.probe_fact.restype = ctypes.c_char_p
    library.probe_overlaps.restype = ctypes.c_long
    library.probe_generation.restype = ctypes.c_ulong
probe = locked.probe_stack
block_bytes = locked.probe_block_bytes
block_stack = locked.probe_block_stack


def stack_of(frame):
    """As probe_stack() writes it: one line a frame, outermost first."""
    lines = []
    while frame is not None:
        code = frame.f_code
        line = frame.f_lineno
        if line is None or line < 0:
            line = code.co_firstlineno
        lines.append(
            f"{code.co_filename}:{line} ({code.co_name})\n".encode("utf-8", "surrogateescape")
        )
        frame = frame.f_back
    return b"".join(reversed(lines))


def here():
    """The caller's stack by the interpreter's account."""
    return stack_of(sys._getframe(1))


def same(found, expected):
    assert found == expected, "\nfound:\n{}\nexpected:\n{}".format(
        found.decode(errors="replace"), expected.decode(errors="replace")
    )


def check():
    """The stack of whoever calls this."""
    same(*(probe(), here()))
