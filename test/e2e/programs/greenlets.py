"""Greenlets switch between stacks inside one thread. needs: greenlet"""

from greenlet import greenlet

kept = []


def make(size):
    kept.append(bytes(size))  # [make]


def one():
    make(2 << 20)  # [one's first]
    second.switch()
    make(3 << 20)  # [one's second]


def other():
    make(4 << 20)  # [other's first]
    first.switch()


def start():
    first.switch()  # [start]


first = greenlet(one)
second = greenlet(other)
start()
make(5 << 20)  # [after]

# expect 2 MiB: ...; one [one's first]; make [make]
# expect 4 MiB: ...; other [other's first]; make [make]
# expect 3 MiB: ...; one [one's second]; make [make]
# expect 5 MiB: <module> [after]; make [make]
