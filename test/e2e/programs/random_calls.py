"""Calls itself in random ways, and prints as JSON what a profiler should find.

Each block is noted under the frames that Python itself names at that moment (sys._getframe). The
ways differ in how the interpreter enters, leaves, suspends and resumes frames, and in how long code
objects live: most of those made here are freed at once, so that their addresses are used again.

    python random_calls.py SEED
"""

import json
import random
import sys
import threading

BLOCK = 8 << 10
kept = []
noted = {}
choose = random.Random(int(sys.argv[1]))
suspended = []


def keep(block):
    """Called on the line that made the block: its frames are the block's."""
    kept.append(block)
    frames = []
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        name = sys.argv[0] if code.co_filename == __file__ else code.co_filename
        frames.append(f"{name}:{frame.f_lineno} ({code.co_name})")
        frame = frame.f_back
    while "/threading.py:" in frames[-1]:
        frames.pop()
    key = ";".join(reversed(frames))
    noted[key] = noted.get(key, 0) + 1


def go(depth):
    if depth <= 0:
        keep(bytes(BLOCK))
        return
    for _ in range(choose.randint(1, 2)):
        choose.choice(WAYS)(depth - 1)
    if choose.random() < 0.3:
        keep(bytes(BLOCK))


def two_lines(depth):
    go(depth)
    keep(bytes(BLOCK))


def executed(depth):
    lines = choose.randint(0, 300)
    call = choose.choice(["go(depth)", "keep(bytes(BLOCK))", "f()"])
    source = "def f():\n" + "\n" * lines + f"    keep(bytes(BLOCK))\n{call}\nkeep(bytes(BLOCK))\n"
    exec(
        compile(source, choose.choice(["<string>", "made.py", "other.py"]), "exec"),
        {"go": go, "keep": keep, "depth": depth, "BLOCK": BLOCK},
    )


def anonymous(depth):
    make = eval("\n" * choose.randint(0, 300) + "lambda keep, BLOCK: keep(bytes(BLOCK))")
    make(keep, BLOCK)
    (lambda: go(depth))()


def produce(depth):
    while True:
        yield keep(bytes(BLOCK))
        if choose.random() < 0.3:
            go(depth)


def generated(depth):
    generator = produce(depth - 1)
    next(generator)
    for _ in zip(range(2), generator):
        pass
    suspended.append(generator)


def resumed(depth):
    """Goes on with a generator that another call left behind."""
    if suspended:
        next(suspended.pop(choose.randrange(len(suspended))))
    keep(bytes(BLOCK))


def delegated(depth):
    def outer():
        yield from (keep(bytes(BLOCK)) for _ in range(2))

    for _ in outer():
        keep(bytes(BLOCK))


def failing(depth):
    try:
        raising(choose.randint(0, 5), depth)
    except ValueError:
        go(depth)
    finally:
        keep(bytes(BLOCK))


def raising(levels, depth):
    if levels:
        raising(levels - 1, depth)
    keep(bytes(BLOCK))
    raise ValueError


def through_c(depth):
    sorted([1, 2], key=lambda _: keep(bytes(BLOCK)) or 0)
    list(map(go, [depth]))


def comprehended(depth):
    [keep(bytes(BLOCK)) for _ in range(2)]
    {go(depth - 1) for _ in range(1)}


def class_body(depth):
    class Body:
        keep(bytes(BLOCK))
        go(depth)

        def __init__(self):
            keep(bytes(BLOCK))

    Body()


def threaded(depth):
    thread = threading.Thread(target=go, args=[depth - 1])
    thread.start()
    thread.join()


WAYS = [two_lines, executed, anonymous, generated, resumed, delegated, failing, through_c]
WAYS += [comprehended, class_body, threaded, two_lines, executed, anonymous]

while len(kept) < 4000:
    go(6)
peak = bytes(4 << 20)  # Higher than anything that compile() used on the way.
json.dump({key: count * BLOCK for key, count in noted.items()}, sys.stdout)
