"""A thread made by C code has no Python frames: it works for the only thread of Python's there is.

The thread's body is malloc itself: pthread_create(&thread, NULL, malloc, size).
"""

import ctypes

c = ctypes.CDLL(None)
c.pthread_join.argtypes = [ctypes.c_ulong, ctypes.c_void_p]


def spawn(size):
    thread = ctypes.c_ulong()
    c.pthread_create(ctypes.byref(thread), None, c.malloc, ctypes.c_void_p(size))  # [spawn]
    return thread


for size in (3 << 20, 4 << 20):
    c.pthread_join(spawn(size), None)  # [loop]

# expect 7 MiB: <module> [loop]; [thread ctypes, guessed]
