"""Blocks made by C code: with the interpreter lock held (PyDLL), and with it released (CDLL, mmap).

While it is released, another thread runs Python code; whose line is it then?
"""

import ctypes
import mmap
import threading


def foreign(library):
    malloc = library.malloc
    malloc.restype = ctypes.c_void_p
    malloc.argtypes = [ctypes.c_size_t]
    return malloc


with_lock = foreign(ctypes.PyDLL(None))
without_lock = foreign(ctypes.CDLL(None))
stop = threading.Event()


def spin():
    while not stop.is_set():
        sum(range(50))


def holds(size):
    return with_lock(size)  # [holds]


def releases(size):
    return without_lock(size)  # [releases]


def maps(size):
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # [maps]


busy = threading.Thread(target=spin)
busy.start()
holds(3 << 20)  # [call holds]
releases(4 << 20)  # [call releases]
mapped = maps(5 << 20)  # [call maps]
for _ in range(200):
    releases(10 << 10)  # [many]
stop.set()
busy.join()

# expect 3 MiB: <module> [call holds]; holds [holds]
# expect 4 MiB: <module> [call releases]; releases [releases]
# expect 5 MiB: <module> [call maps]; maps [maps]
# expect 2000 KiB: <module> [many]; releases [releases]
