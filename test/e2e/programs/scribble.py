"""Scribbles over the recording that is made of it, as a defect may, and exits with 7.

python scribble.py WAY [NUMBER]
"""

import ctypes
import os
import random
import sys
from pathlib import Path

PAGE = 4096
PAGES_USED, FUNCTIONS, CALLSTACKS, USAGE_SETS, FACTS = 32, 36, 40, 44, 48  # in the header
LIES = {
    "pages": {PAGES_USED: 4 << 20},
    "functions": {FUNCTIONS: 1 << 20},
    "callstacks": {CALLSTACKS: 1 << 27, PAGES_USED: 4 << 20},
    "sets": {USAGE_SETS: 4096, FACTS: 64},
}

blocks = [bytearray(1000) for _ in range(2000)]
block = bytearray(5_000_000)


def memory_of(name: str) -> int:
    with Path("/proc/self/maps").open() as maps:
        return next(int(line.split("-")[0], 16) for line in maps if name in line)


def word(at: int) -> ctypes.c_uint32:
    return ctypes.c_uint32.from_address(at)


def length_of_texts(to: int) -> None:
    """Every word that looks like one."""
    for at in range(base + PAGE, base + pages * PAGE, 16):
        offset, length = ctypes.c_uint64.from_address(at).value, word(at + 8).value
        if PAGE <= offset < pages * PAGE and 0 < length < PAGE:
            word(at + 8).value = to


def at_random(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(50):
        start, words = dice.choice([(64, 1000), (PAGE, 15 * 1024), (PAGE, (pages - 1) * 1024)])
        lie = dice.choice([dice.getrandbits(32), 0xFFFFFFFF, 0x7FFFFFFF, dice.randrange(PAGE)])
        word(base + start + 4 * dice.randrange(words)).value = lie


base = memory_of("fil-recording")
pages = word(base + PAGES_USED).value
way, number = sys.argv[1], int(sys.argv[2])
if way == "texts":
    length_of_texts(number)
elif way == "random":
    at_random(number)
elif way == "session":
    for line in 64, 72, 128:  # live, peak, reports
        ctypes.c_uint64.from_address(memory_of("fil-session") + line).value = number
else:
    for place, lie in LIES[way].items():
        word(base + place).value = lie
os._exit(7)
