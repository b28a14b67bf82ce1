"""Blocks made while an exception goes up: the frames it left behind are on no stack any more."""

import contextlib

kept = []


def keep(size):
    kept.append(bytes(size))  # [keep]


def fail(depth):
    if depth:
        fail(depth - 1)
    kept.append(bytes(64))
    raise ValueError(depth)


def handles():
    try:
        fail(20)
    except ValueError:
        keep(2 << 20)  # [except]
    finally:
        keep(3 << 20)  # [finally]


@contextlib.contextmanager
def cleanup():
    try:
        yield
    except ValueError:
        keep(4 << 20)  # [cleanup]


handles()  # [call]
with cleanup():  # [with]
    fail(3)  # [in with]

# expect 2 MiB: <module> [call]; handles [except]; keep [keep]
# expect 3 MiB: <module> [call]; handles [finally]; keep [keep]
# expect 4 MiB until 3.9: <module> [in with]; library*; cleanup [cleanup]; keep [keep]
# expect 4 MiB from 3.10: <module> [with]; library*; cleanup [cleanup]; keep [keep]
