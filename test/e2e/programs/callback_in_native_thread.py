"""Python code that C calls in a thread of its own: the callback's frames are the stack's end."""

import ctypes

c = ctypes.CDLL(None)
c.pthread_join.argtypes = [ctypes.c_ulong, ctypes.c_void_p]
kept = []


def make(size):
    kept.append(bytes(size))  # [make]


@ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
def callback(_):
    make(5 << 20)  # [callback]
    return 0


thread = ctypes.c_ulong()
c.pthread_create(ctypes.byref(thread), None, callback, None)
c.pthread_join(thread, None)

# expect 5 MiB: ...; callback [callback]; make [make]
