"""Holds 900 MiB of numpy arrays at its worst moment, a quarter of it touched.

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
small = [np.full(1000, number) for number in range(1000)]
del base, part
print(table(1).sum())
