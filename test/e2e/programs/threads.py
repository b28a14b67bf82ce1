"""A thread's stack begins at its target; what the thread machinery does above it is left out."""

import threading

kept = []
first_has_block = threading.Event()


def keep(size):
    kept.append(bytes(size))  # [keep]


def first():
    keep(3 << 20)  # [first]
    first_has_block.set()


def second(size):
    first_has_block.wait()
    keep(size)  # [second]


threads = [
    threading.Thread(target=first),
    threading.Thread(target=second, args=[5 << 20]),
    threading.Thread(target=lambda: keep(4 << 20)),  # [lambda]
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
keep(2 << 20)  # [main]

# expect 3 MiB: first [first]; keep [keep]
# expect 5 MiB: second [second]; keep [keep]
# expect 4 MiB: <lambda> [lambda]; keep [keep]
# expect 2 MiB: <module> [main]; keep [keep]
