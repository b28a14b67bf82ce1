"""Run by stacks_test.cpp in each interpreter, with the probe library preloaded: compares what the
Python source sees with what the interpreter says of itself. Plain functions named as sentences; those
that begin with `test_` are run, with nothing but the standard library. FIL_PROBE_KIND: "frames", or
"public_api" for a build that knows no version."""
import asyncio
import collections
import ctypes
import gc
import os
import signal
import sys
import threading
import traceback
import weakref

KIND = os.environ["FIL_PROBE_KIND"]
READS_FRAMES = KIND == "frames"
IS_DEBUG = "debug" in os.environ.get("PYTHONMALLOC", "") or sys.flags.dev_mode

locked, unlocked = ctypes.PyDLL(None), ctypes.CDLL(None)
for library in locked, unlocked:
    library.probe_stack.restype = ctypes.c_char_p
    library.probe_block_stack.restype = ctypes.c_char_p
    library.probe_block_stack.argtypes = [ctypes.c_void_p]
    library.probe_block_bytes.restype = ctypes.c_long
    library.probe_block_bytes.argtypes = [ctypes.c_void_p]
    library.probe_fact.restype = ctypes.c_char_p
    library.probe_overlaps.restype = ctypes.c_long
    library.probe_generation.restype = ctypes.c_ulong
probe = locked.probe_stack
block_bytes = locked.probe_block_bytes
block_stack = locked.probe_block_stack


def stack_of(frame):
    """As probe_stack() writes it: one line a frame, outermost first."""
    lines = []
    while frame is not None:
        code = frame.f_code
        line = frame.f_lineno
        if line is None or line < 0:
            line = code.co_firstlineno
        lines.append(f"{code.co_filename}:{line} ({code.co_name})\n".encode("utf-8", "surrogateescape"))
        frame = frame.f_back
    return b"".join(reversed(lines))


def here():
    """The caller's stack by the interpreter's account."""
    return stack_of(sys._getframe(1))


def same(found, expected):
    texts = found.decode(errors="replace"), expected.decode(errors="replace")
    assert found == expected, "\nfound:\n%s\nexpected:\n%s" % texts


def check():
    """The stack of whoever calls this."""
    same(*(probe(), here()))


# ---- callers' lines ----


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
            self.nothing

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
        one == one
        one.missing
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


# ---- names ----


def run_code(text, name, variables=None):
    exec(compile(text, name, "exec"), dict(variables or {}, check=check, probe=probe, here=here, same=same))


def test_names_of_every_kind():
    class Name(str):
        pass

    for name in [
        "<string>",
        "caf\u00e9.py",
        "\u65e5\u672c.py",
        "\U0001f40d.py",
        "bytes\udcff\udc80.py",
        "",
        "x" * 500,
        Name("subclass.py"),
        Name("\u65e5\u672c subclass.py"),
    ]:
        run_code("check()\ndef \u00fcber():\n    check()\n\u00fcber()\n", name)
    run_code("def same_name():\n    check()\nsame_name()\n", "same_name")
    run_code("\n" * 70000 + "check()\n", "long.py")


def test_two_codes_of_one_name_and_line_keep_their_tables():
    run_code("def f():\n    check()\nf()\n", "<string>")
    run_code("def f():\n\n\n    check()\nf()\n", "<string>")


def test_big_code():
    run_code("def big():\n" + "    x = 1, 2, 3\n" * 30000 + "    check()\nbig()\n", "big.py")


# ---- code that dies ----


def test_freed_code_is_never_mistaken_for_its_successor():
    before = locked.probe_generation()
    for number in range(300):
        run_code(f"def made_{number}():\n    check()\n    [None for _ in range(3)]\nmade_{number}()\n", f"made{number}.py")
        if number % 7 == 0:
            gc.collect()
    if READS_FRAMES:
        assert locked.probe_generation() > before


def test_freed_code_under_a_live_generator():
    def resume(generator):
        return next(generator, None)

    for number in range(100):
        variables = {}
        exec(compile(f"def g{number}():\n    yield probe()\n    yield probe()\n", f"g{number}.py", "exec"),
             {"probe": probe}, variables)
        generator = variables.popitem()[1]()
        for _ in range(2):
            found = resume(generator)
            lines = found.decode().splitlines()
            assert lines[-1].startswith(f"g{number}.py:") and lines[-1].endswith(f"(g{number})"), found
            assert lines[-2].endswith("(resume)"), found
        del generator, variables


# ---- threads and the lock ----


def test_without_the_interpreter_lock():
    expected = here().replace(b":%d " % (sys._getframe().f_lineno), b":%d " % (sys._getframe().f_lineno + 1))
    found = unlocked.probe_stack()
    same(found, expected if READS_FRAMES else b"")


def test_threads():
    failures = []

    def work(depth):
        check()
        if READS_FRAMES:
            found, expected = unlocked.probe_stack(), here()
            same(found, expected)
        if depth:
            work(depth - 1)

    def run():
        try:
            for _ in range(50):
                work(20)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(6)]
    for thread in threads:
        thread.start()
    for _ in range(200):
        check()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def test_callbacks_from_c():
    callback_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)

    def compare(a, b):
        check()
        return 0

    unlocked.qsort((ctypes.c_int * 8)(*range(8)), 8, 4, callback_type(compare))
    check()


def test_a_thread_without_python_frames():
    seen = []
    thread_type = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)

    def start(_):
        seen.append((probe(), here()))
        return 0

    callback = thread_type(start)
    thread = ctypes.c_ulong()
    library = ctypes.CDLL("libpthread.so.0")
    library.pthread_create(ctypes.byref(thread), None, callback, None)
    library.pthread_join(thread, None)
    same(*seen[0])


def test_deep_recursion():
    failures = []
    depth = 20_500 if READS_FRAMES else 2_000  # the public API makes an object of each frame
    file, line = __file__.encode(), sys._getframe().f_lineno

    def sink(left):
        if left == 0:
            return probe()
        found = sink(left - 1)
        return found if left % 10_000 else found + probe()

    def run():
        try:
            found = sink(depth)
            callers = b"%s:%d (sink)\n" % (file, line + 5) * depth + b"%s:%d (sink)\n" % (file, line + 4)
            assert callers in found
            on_the_way_back = sum(depth - left + 1 for left in range(10_000, depth, 10_000))
            assert found.count(b"(sink)") == depth + 1 + on_the_way_back
        except BaseException as error:
            failures.append(str(error)[:300])

    limit, size = sys.getrecursionlimit(), threading.stack_size()
    sys.setrecursionlimit(100_000)
    threading.stack_size(768 << 20)
    try:
        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
    finally:
        sys.setrecursionlimit(limit)
        threading.stack_size(size)
    assert not failures, failures


def test_greenlets():
    try:
        import greenlet
    except ImportError:
        return

    def switching(depth):
        check()
        if depth:
            switching(depth - 1)
        main.switch()
        check()

    main = greenlet.getcurrent()
    others = [greenlet.greenlet(switching) for _ in range(5)]
    for turn in range(12):
        for number, other in enumerate(others):
            if not other.dead:
                other.switch(*([number] if turn == 0 else []))
            check()


# ---- blocks ----


def test_blocks_stand_at_the_line_that_made_them():
    block, expected = bytes(100), here()
    assert block_bytes(id(block)) == 133
    same(block_stack(id(block)), expected)
    block, expected = bytes(10_000), here()
    if not IS_DEBUG:  # where a large block starts before the object
        assert block_bytes(id(block)) == 10_033
        same(block_stack(id(block)), expected)
    address = id(block)
    del block
    assert block_bytes(address) != 10_033


def domain(name):
    api = ctypes.pythonapi
    functions = []
    for function, arguments in [("Malloc", 1), ("Calloc", 2), ("Realloc", 2), ("Free", 1)]:
        call = api[f"{name}_{function}"]
        call.restype = None if function == "Free" else ctypes.c_void_p
        call.argtypes = [ctypes.c_void_p if function in ("Realloc", "Free") else ctypes.c_size_t] + [ctypes.c_size_t] * (arguments - 1)
        functions.append(call)
    return functions


def test_each_size_is_counted_once():
    for name in "PyMem", "PyObject":
        malloc, calloc, realloc, free = domain(name)

        def expect(address, size):
            if IS_DEBUG and size > 512:
                # malloc's block, which starts before the headers of one or two debug layers
                assert block_bytes(address) == -1
                assert max(block_bytes(address - 16), block_bytes(address - 32)) >= size, (name, size)
            else:
                assert block_bytes(address) == size, (name, size, block_bytes(address))

        for size in 1, 2, 16, 511, 512, 513, 4096, 1 << 20:
            address = malloc(size)
            expect(address, size)
            free(address)
            address = calloc(size, 1)
            expect(address, size)
            free(address)
            address = calloc(1, size)
            expect(address, size)
            for next_size in 512, 513, 8, 100_000, 20, 512, 500, 0x1000, 1:
                address = realloc(address, next_size)
                expect(address, next_size)
            free(address)
            address = realloc(None, size)
            expect(address, size)
            free(address)


def test_a_failed_realloc_keeps_the_block():
    malloc, calloc, realloc, free = domain("PyMem")
    for size in 100, 1000:
        address = malloc(size)
        before = block_bytes(address), block_stack(address)
        assert realloc(address, 1 << 62) is None
        assert (block_bytes(address), block_stack(address)) == before
        free(address)


def test_nothing_bytes_is_something():
    malloc, calloc, realloc, free = domain("PyObject")
    address = malloc(0)
    assert address is not None
    assert block_bytes(address) in ((0, 1) if IS_DEBUG else (1,)), block_bytes(address)
    address = realloc(address, 100)
    assert block_bytes(address) == 100
    free(address)


def test_no_byte_is_counted_twice():
    keep = [{number: str(number)} for number in range(2000)]
    lists = [list(range(number)) for number in range(200)]
    for each in lists:
        each.extend(range(100))
    assert locked.probe_overlaps() == 0
    del keep


def test_objects_all_over_are_seen():
    numbers = [float(number) + 0.5 for number in range(5000)]
    seen = sum(block_bytes(id(number)) == 24 for number in numbers)
    assert seen > 4500, seen  # the rest come from the interpreter's list of free floats


def test_says_what_runs():
    version = "CPython " + sys.version.split()[0]
    assert locked.probe_fact(b"runtime").decode() == version + "\n", locked.probe_fact(b"runtime")
    assert (locked.probe_fact(b"note") == b"") == READS_FRAMES


def test_nothing_of_ours_is_imported():
    assert not [name for name in sys.modules if "fil" in name.split(".")[0] and name.startswith("filprof")]


def main():
    tests = [
        (name, value)
        for name, value in globals().items()
        if name.startswith("test_") and (len(sys.argv) == 1 or name in sys.argv)
    ]
    assert len(sys.argv) == 1 or len(tests) == len(sys.argv) - 1, sys.argv
    failed = 0
    for name, test in tests:
        try:
            test()
        except Exception:
            failed += 1
            print(f"FAILED {name} on {sys.version.split()[0]} ({KIND})", flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f"{len(tests) - failed} of {len(tests)} passed on {sys.version.split()[0]}", flush=True)
    sys.exit(failed != 0)


main()
