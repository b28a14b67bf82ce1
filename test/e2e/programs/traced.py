"""The program's own trace and profile functions change nothing: we use neither."""

import sys

assert sys.gettrace() is None and sys.getprofile() is None
kept = []


def trace(frame, event, argument):
    return trace


def make(size):
    kept.append(bytes(size))  # [make]


make(2 << 20)  # [before]
sys.settrace(trace)
make(3 << 20)  # [traced]
sys.setprofile(trace)
make(4 << 20)  # [both]
sys.settrace(None)
sys.setprofile(None)
make(5 << 20)  # [after]

# expect 2 MiB: <module> [before]; make [make]
# expect 3 MiB: <module> [traced]; make [make]
# expect 4 MiB: <module> [both]; make [make]
# expect 5 MiB: <module> [after]; make [make]
