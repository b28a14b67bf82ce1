"""What a report was drawn from, as plain objects: read from the snapshot file beside it.

The callstacks are kept as the tree that they are. Written out, those of a deep recursion would take
the square of its depth.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._snapshot import Snapshot, string

if TYPE_CHECKING:
    from ._run import Run

SNAPSHOT = "peak-memory.filsnap"
MODEL = re.compile(r'<script type="application/json" id="model">(.*?)</script>', re.DOTALL)
MOST_FRAMES = 1_000_000  # that to_json() writes, some 80 MB


@dataclass(frozen=True)
class Frame:
    file: str  # as the program had it
    line: int  # 0: not known
    function: str


@dataclass(frozen=True)
class CallTree:
    """Callers stand before what they call; node 0 is the root, the empty callstack."""

    frames: list[Frame]
    frame_of: list[int]
    parents: list[int]

    def frames_of(self, node: int) -> tuple[Frame, ...]:
        return tuple(self.frames[self.frame_of[each]] for each in self.way_to(node))

    def way_to(self, node: int) -> list[int]:
        way = []
        while node > 0:
            way.append(node)
            node = self.parents[node]
        return way[::-1]

    def depths(self) -> list[int]:
        depths = [0]
        for parent in self.parents[1:]:
            depths.append(depths[parent] + 1)
        return depths


@dataclass(frozen=True, eq=False, repr=False)
class Callstack:
    bytes: int  # at the peak
    allocations: int  # so far, of which the peak holds a part
    _node: int
    _tree: CallTree

    @property
    def frames(self) -> tuple[Frame, ...]:
        """The outermost first. Made anew whenever it is asked for."""
        return self._tree.frames_of(self._node)

    def _values(self) -> tuple[int, int, tuple[Frame, ...]]:
        return self.bytes, self.allocations, self.frames

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Callstack) and self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        return "Callstack(bytes={}, allocations={}, frames={})".format(*self._values())


@dataclass(frozen=True)
class Result:
    peak_bytes: int
    callstacks: tuple[Callstack, ...]  # the heaviest first; together they are the peak

    def to_json(self) -> str:
        callstacks = ", ".join(callstacks_as_json(self.callstacks))
        return f'{{"peak_bytes": {self.peak_bytes}, "callstacks": [{callstacks}]}}'


def callstacks_as_json(callstacks: tuple[Callstack, ...]) -> Iterator[str]:
    """Where that would be too much, the deepest lose frames in their middle, as in the list of
    callstacks (.prof)."""
    if not callstacks:
        return
    tree = callstacks[0]._tree
    depths = tree.depths()
    deepest = max(depths)
    while sum(min(depths[one._node], deepest) for one in callstacks) > MOST_FRAMES:
        deepest //= 2
    texts = [json.dumps(asdict(frame)) for frame in tree.frames]
    for one in callstacks:
        frames = [texts[tree.frame_of[node]] for node in tree.way_to(one._node)]
        if (left_out := len(frames) - deepest // 2 * 2) > 0 and len(frames) > deepest:
            gap = json.dumps(asdict(Frame("", 0, f"[{left_out} frames]")))
            frames[deepest // 2 : len(frames) - deepest // 2] = [gap]
        yield (
            f'{{"bytes": {one.bytes}, "allocations": {one.allocations}, '
            f'"frames": [{", ".join(frames)}]}}'
        )


def result_of(run: Run) -> Result:
    """Raises RuntimeError if its report is not there any more."""
    file = run.path / SNAPSHOT
    if run.written is None and (run.path / "index.html").exists():
        raise RuntimeError(
            f"The report in {run.path} has no {SNAPSHOT} to be read (--no-recording)."
        )
    if signature_of(file) == run.written is not None:
        with Snapshot(file) as snapshot:
            callstacks = tuple(read_callstacks(snapshot))
        if signature_of(file) == run.written:
            return Result(run.peak_bytes, callstacks)
    raise RuntimeError(
        f"The report in {run.path} is not there any more, or that of a later part has taken its "
        "place; give each part a directory of its own."
    )


def signature_of(file: Path) -> tuple[int, ...] | None:
    """Tells a report from others that were or will be there; None if it is not there."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def read_model(page: str) -> tuple[dict[str, Any], list[str], list[Frame]]:
    """The page's data, and of it the texts and the frames by their numbers."""
    model: dict[str, Any] = json.loads(MODEL.search(page).group(1))
    texts, columns = model["strings"].split("\n"), model["frames"]
    frames = [
        Frame(texts[path], line, texts[function])
        for path, line, function in zip(columns["p"], columns["l"], columns["f"])
    ]
    return model, texts, frames


def heaviest_lines(page: str, most: int) -> list[tuple[int, Frame, str]]:
    """Of the user's own: bytes, place and source."""
    model, texts, frames = read_model(page)
    sources = model["frames"]["s"]
    return [
        (line["bytes"], frames[line["frame"]], texts[sources[line["frame"]]])
        for line in model["lines"][:most]
    ]


def read_callstacks(snapshot: Snapshot) -> list[Callstack]:
    frames = [Frame(string(f.file), f.line, string(f.function)) for f in snapshot.frames()]
    calls = [(call.caller, call.frame) for call in snapshot.calls()]
    tree = CallTree(frames, [frame for _, frame in calls], [caller for caller, _ in calls])
    found = [
        Callstack(one.bytes, one.allocations, one.callstack, tree)
        for one in snapshot.used()
        if one.bytes > 0
    ]
    return sorted(found, key=lambda callstack: -callstack.bytes)
