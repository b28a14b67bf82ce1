"""Traces as tests read them: recorded, printed, taken apart."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from command import SECONDS, fil_profile


@dataclass(frozen=True)
class Event:
    thread: int
    what: str
    block: int
    bytes: int  # of what comes; of what goes, what it had
    alignment: int = 1
    zeroed: bool = False
    layer: int = 0


def recorded(*program: str, options: tuple[str, ...] = ()) -> str:
    """What it said; the trace is in trace.filtrace."""
    ended = fil_profile("record", *options, *program, timeout=SECONDS)
    return ended.stderr.decode()


def events(trace: str = "trace.filtrace", *options: str) -> list[Event]:
    printed = fil_profile("replay", "--print", *options, trace, timeout=SECONDS)
    assert printed.status == 0, printed.stderr
    sizes: dict[int, int] = {}
    found = []
    for line in printed.stdout.decode().splitlines()[1:]:
        words = line.split("\t")
        thread, block, to, size = int(words[0]), int(words[3]), int(words[4]), int(words[5])
        if words[2] == "free":
            size = sizes.pop(block)  # each goes once, after it came
        elif words[2] == "realloc":
            sizes.pop(block)
            sizes[to] = size
        elif words[2] == "malloc":
            sizes[block] = size
        found.append(
            Event(thread, words[2], block, size, int(words[6]), words[7] == "1", int(words[8]))
        )
    return found


def ours(found: list[Event]) -> list[Event]:
    return [one for one in found if one.bytes % 1000 == 7 and one.what not in ("map", "unmap")]


def shape(found: list[Event]) -> dict[int, list[tuple]]:
    """Of each thread, by the order in which they come, all but which block it is."""
    threads: dict[int, list[tuple]] = defaultdict(list)
    for one in ours(found):
        threads[one.thread].append((one.what, one.bytes, one.alignment, one.zeroed))
    return {number: threads[thread] for number, thread in enumerate(sorted(threads))}


def figure(printed: str, name: str) -> float:
    [line] = [line for line in printed.splitlines() if line.startswith(name + " ")]
    return float(line.split()[1])
