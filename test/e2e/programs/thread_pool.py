"""Workers of a pool take tasks in turn: each block stands at its own task."""

from concurrent.futures import ThreadPoolExecutor


def small(size):
    return bytes(size)  # [small]


def large(size):
    blocks = [
        bytes(size),  # [large]
    ]
    return blocks


with ThreadPoolExecutor(2) as pool:
    kept = [pool.submit(small, 1 << 20) for _ in range(6)]
    kept += [pool.submit(large, 3 << 20) for _ in range(2)]
    results = [task.result() for task in kept]

# expect 6 MiB: library*; small [small]
# expect 6 MiB: library*; large [large]
