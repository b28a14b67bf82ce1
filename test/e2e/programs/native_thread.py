"""A thread made by C code has no Python frames: it works for the only thread of Python's there is.

The thread's body is malloc itself: pthread_create(&thread, NULL, malloc, size). Whether it is there
while its maker is still inside C code, or after, decides if that is a guess.
"""

import ctypes

c = ctypes.CDLL(None)
c.pthread_join.argtypes = [ctypes.c_ulong, ctypes.c_void_p]
create, join = c.pthread_create, c.pthread_join
thread = ctypes.c_ulong()
by_reference = ctypes.byref(thread)

for size in (3 << 20, 4 << 20):
    (create(by_reference, None, c.malloc, ctypes.c_void_p(size)), join(thread, None))  # [loop]

# expect 7 MiB: <module> [loop]; [thread ctypes]
