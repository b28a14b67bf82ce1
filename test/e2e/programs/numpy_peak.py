"""Holds 900 MiB in two numpy arrays at its worst moment, and 70 MiB in small ones.

test_python_versions.py names the lines.
"""

import numpy as np

MIB = 1 << 20


def table(columns):
    return np.zeros((columns, 16 * MIB))


def doubled(values):
    return values + values


base = table(5)
part = doubled(base[:2])
small = [np.arange(float(number % 40)) for number in range(300_000)]
del base, part
print(table(1).sum())
