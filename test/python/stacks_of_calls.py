"""Each caller's line, however Python came to call: see stacks.py."""

import collections
import gc
import os
import signal
import sys
import traceback
import weakref

from stacks_probe import check, here, probe, same


def test_plain_calls():
    def inner():
        check()
        same(probe(), here())

    def outer():
        inner()
        (lambda: check())()
        inner()

    outer()
    check()


def test_a_call_over_several_lines():
    def add(*numbers):
        check()
        return sum(numbers)

    add(
        1,
        add(
            2,
            3,
        ),
    )


def test_recursion_up_and_down():
    def sink(depth):
        check()
        if depth:
            sink(depth - 1)
            if depth % 3 == 0:
                sink(depth // 4)
        check()

    sink(60)


def test_calls_through_c():
    sorted([3, 1, 2], key=lambda value: (check(), value)[1])
    list(map(lambda value: check(), range(3)))
    max(range(3), key=lambda value: (check(), -value)[1])
    [check() for _ in range(2)]
    {check(): 1 for _ in range(2)}
    list(check() for _ in range(2))
    collections.defaultdict(lambda: check())[1]


def test_methods_and_classes():
    class Base:
        check()

        def __init__(self):
            check()
            _ = self.nothing

        @property
        def nothing(self):
            check()

        def __eq__(self, other):
            check()
            return True

        def __getattr__(self, name):
            check()

        def __del__(self):
            check()

    class Derived(Base):
        def __init__(self):
            super().__init__()
            check()

    for _ in range(20):  # often enough for the interpreter to specialise the call of __init__
        one = Derived()
        _ = one == one
        _ = one.missing
        del one
    type("Made", (Base,), {})()


def test_generators():
    def numbers():
        check()
        yield 1
        check()
        yield from more()
        check()

    def more():
        for number in range(3):
            check()
            yield number

    def from_here(generator):
        return next(generator)

    generator = numbers()
    next(generator)
    from_here(generator)
    (lambda: from_here(generator))()
    next(generator)
    check()
    list(generator)
    check()
    closed = numbers()
    next(closed)
    closed.close()
    thrown = more()
    next(thrown)
    try:
        thrown.throw(ValueError())
    except ValueError:
        check()


def test_coroutines():
    # Not above: each line of it is recorded, and most runs have no need of it.
    import asyncio

    class Context:
        async def __aenter__(self):
            check()

        async def __aexit__(self, *_):
            check()

    async def inner():
        check()
        await asyncio.sleep(0)
        check()
        return 1

    async def numbers():
        for number in range(3):
            await inner()
            check()
            yield number

    async def outer():
        async for _ in numbers():
            check()
        async with Context():
            check()
        await asyncio.gather(inner(), inner(), inner())
        check()

    asyncio.run(outer())


def test_exceptions():
    def fail(depth):
        try:
            if depth == 0:
                raise ValueError
            fail(depth - 1)
        finally:
            check()

    for _ in range(3):
        try:
            fail(10)
        except ValueError as error:
            check()
            traceback.format_exc()
            del error
        check()


def test_finalisers_and_collections():
    class Node:
        def __del__(self):
            check()

    for _ in range(10):
        node = Node()
        node.self = node
    gc.collect()
    seen = []
    node = Node()
    reference = weakref.ref(node, lambda _: (check(), seen.append(1)))
    del node, _
    gc.collect()
    assert seen or reference() is not None


def test_signal_handlers():
    seen = []

    def handler(*_):
        check()
        seen.append(1)

    before = signal.signal(signal.SIGUSR1, handler)
    for _ in range(10):
        os.kill(os.getpid(), signal.SIGUSR1)
        check()
    signal.signal(signal.SIGUSR1, before)
    assert len(seen) == 10


def test_traced_programs_are_left_alone():
    assert sys.gettrace() is None and sys.getprofile() is None
    events = []

    def tracer(frame, event, argument):
        events.append(event)
        return tracer

    def traced():
        check()
        check()

    sys.settrace(tracer)
    try:
        traced()
    finally:
        sys.settrace(None)
    assert events.count("line") > 10
    check()
