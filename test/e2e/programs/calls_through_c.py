"""Python called back by C code: sorted, map, reduce, a ctypes callback. C frames do not show."""

import ctypes
import functools

kept = []


def key(size):
    kept.append(bytes(size))  # [key]
    return size


def make(size):
    return bytes(size)  # [make]


@ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
def compare(_, __):
    kept.append(bytes(4 << 20))  # [compare]
    return 0


sorted([1 << 20, 64], key=key)  # [sorted]
kept.extend(map(make, [2 << 20, 64]))  # [map]
kept.append(functools.reduce(lambda _, size: make(size), [0, 3 << 20]))  # [reduce]
ctypes.CDLL(None).qsort((ctypes.c_int * 2)(), 2, 4, compare)  # [qsort]

# expect 1 MiB: <module> [sorted]; key [key]
# expect 2 MiB: <module> [map]; make [make]
# expect 3 MiB: <module> [reduce]; <lambda> [reduce]; make [make]
# expect 4 MiB: <module> [qsort]; compare [compare]
