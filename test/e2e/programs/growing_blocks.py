"""realloc: the whole block stands where it was last grown; a freed one is gone at the peak."""

import ctypes

c = ctypes.CDLL(None)
for name in ("malloc", "realloc"):
    getattr(c, name).restype = ctypes.c_void_p
c.realloc.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
c.free.argtypes = [ctypes.c_void_p]


def start():
    return c.malloc(2 << 20)  # [malloc]


def grow(block):
    return c.realloc(block, 6 << 20)  # [realloc]


def passing():
    c.free(c.malloc(4 << 20))  # [freed]


passing()
grown = grow(start())  # [grow]
kept = start()  # [start]

# expect 6 MiB: <module> [grow]; grow [realloc]
# expect 2 MiB: <module> [start]; start [malloc]
