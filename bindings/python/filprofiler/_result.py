"""What a report shows, as plain objects: read from the report itself."""

from __future__ import annotations

import dataclasses
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._run import Run

MODEL = re.compile(r'<script type="application/json" id="model">(.*?)</script>', re.DOTALL)


@dataclass(frozen=True)
class Frame:
    file: str
    line: int  # 0: not known
    function: str


@dataclass(frozen=True)
class Callstack:
    bytes: int  # at the peak
    allocations: int  # so far, of which the peak holds a part
    frames: tuple[Frame, ...]  # the outermost first


@dataclass(frozen=True)
class Result:
    peak_bytes: int
    callstacks: tuple[Callstack, ...]  # the heaviest first; together at least 99 % of the peak

    def to_json(self) -> str:
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def of(cls, run: Run) -> Result:
        return cls(run.peak_bytes, tuple(read_callstacks(run.path)))


def read_callstacks(report: Path) -> list[Callstack]:
    page = (report / "index.html").read_text(encoding="utf-8")
    model: dict[str, Any] = json.loads(MODEL.search(page).group(1))
    frames = [Frame(frame["p"], frame["l"], frame["f"]) for frame in model["frames"]]
    tree = model["tree"]
    stacks: list[tuple[Frame, ...]] = [()]  # node 0 is the root
    for parent, frame in zip(tree["parent"][1:], tree["frame"][1:]):
        stacks.append((*stacks[parent], frames[frame]))
    found = [
        Callstack(size, allocations, stack)
        for size, allocations, stack in zip(tree["self"], tree["allocations"], stacks)
        if size > 0
    ]
    return sorted(found, key=lambda callstack: -callstack.bytes)
