"""Deep recursion: every small object is made some hundreds of calls below the top.

The worst case for a profiler that reads the whole stack at each allocation.
"""

import pyperf


def descend(depth: int) -> int:
    if depth == 0:
        return sum(len([i]) for i in range(2000))
    children = [depth]
    return descend(depth - 1) + len(children)


if __name__ == "__main__":
    pyperf.Runner().bench_func("deep_recursion", descend, 500)
