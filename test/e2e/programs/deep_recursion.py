"""Recursion, as deep as it is told: each call keeps a small block, the last one a large one."""

import sys
import threading

depth = int(sys.argv[1])
kept = []


def descend(level):
    kept.append([level])
    if level == depth:
        kept.append(bytes(8 << 20))
    else:
        descend(level + 1)


sys.setrecursionlimit(depth + 1000)
threading.stack_size(512 << 20)
thread = threading.Thread(target=descend, args=(1,))
thread.start()
thread.join()
print(len(kept))
