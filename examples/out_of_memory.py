"""A job that keeps every result until the end, and runs out of memory:

    fil-profile run examples/out_of_memory.py

Where there is plenty of memory, limit it first, with `ulimit -v 1000000` (kB).
"""

import numpy as np


def measure(day: int) -> np.ndarray:
    return np.random.default_rng(day).normal(size=2_000_000)


def smooth(values: np.ndarray) -> np.ndarray:
    window = np.ones(24) / 24
    return np.convolve(values, window)


def main() -> None:
    results = []
    for day in range(10_000):
        values = measure(day)
        results.append((values, smooth(values)))
    print(sum(smoothed.max() for _, smoothed in results))


main()
