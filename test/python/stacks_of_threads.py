"""Threads, the interpreter lock, callbacks from C and greenlets. See stacks.py."""

import ctypes
import sys
import threading

from stacks_probe import READS_FRAMES, check, here, probe, same, unlocked


def test_without_the_interpreter_lock():
    before, line = here(), sys._getframe().f_lineno
    found = unlocked.probe_stack()
    expected = before.replace(b":%d " % line, b":%d " % (line + 1))
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
            callers = b"%s:%d (sink)\n" % (file, line + 5) * depth + b"%s:%d (sink)\n" % (
                file,
                line + 4,
            )
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
