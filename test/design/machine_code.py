"""What compiled code says of itself, by nm, readelf and objdump.

Undefined and exported names, and which function calls which, with how much stack. FIL_BUILD names
another build directory than build/.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("FIL_BUILD", ROOT / "build")).resolve()
PRELOAD_LIBRARY = BUILD / "clients" / "preload" / "libfil_preload.so"


def tool(*command: str | Path) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, check=True)
    return done.stdout.decode()


def undefined_names(file: Path) -> set[str]:
    """Names that an object, archive or library expects from elsewhere, without symbol versions."""
    lines = tool("nm", "--undefined-only", "--format=posix", file).splitlines()
    return {line.split("@")[0].split()[0] for line in lines if line and not line.endswith(":")}


def defined_names(file: Path) -> set[str]:
    lines = tool("nm", "--defined-only", "--format=posix", file).splitlines()
    return {line.split()[0] for line in lines if len(line.split()) > 2}


def exported_names(library: Path) -> set[str]:
    lines = tool("nm", "--dynamic", "--defined-only", "--format=posix", library).splitlines()
    is_version = re.compile(r"\S+ A ")
    return {line.split("@")[0].split()[0] for line in lines if not is_version.match(line)}


@dataclass
class Function:
    name: str  # demangled
    pushed: int = 0
    reserved: int = 0
    calls: set[str] = field(
        default_factory=set
    )  # direct calls and jumps; "name@plt" leaves the library

    @property
    def stack(self) -> int:
        """Its frame and the return address."""
        return self.pushed + self.reserved + 8


HEAD = re.compile(r"^[0-9a-f]+ <(.+)>:$")
INSTRUCTION = re.compile(r"^\s+[0-9a-f]+:\s+(?:bnd |notrack )?(\w+)\s*(.*)$")
RESERVE = re.compile(r"^\$0x([0-9a-f]+),%rsp$")
TARGET = re.compile(r"<(.+?)(\+0x[0-9a-f]+)?>$")


@cache
def functions(library: Path) -> dict[str, Function]:
    found: dict[str, Function] = {}
    now = Function("")
    for line in tool("objdump", "-d", "-C", "--no-show-raw-insn", library).splitlines():
        if head := HEAD.match(line):
            # Clones and local functions of one name are taken as one.
            now = found.setdefault(head[1], Function(head[1]))
        elif instruction := INSTRUCTION.match(line):
            note(now, *instruction.groups())
    return found


def note(function: Function, operation: str, operand: str) -> None:
    if operation == "push":
        function.pushed += 8
    elif operation == "sub" and (reserve := RESERVE.match(operand)):
        function.reserved = max(function.reserved, int(reserve[1], 16))
    elif operation == "call" or operation.startswith("j"):
        target = TARGET.search(operand)
        if target and target[1] != function.name and not (operation != "call" and target[2]):
            function.calls.add(target[1])


@dataclass(frozen=True)
class Reached:
    """The way to a function on which most stack is in use."""

    depth: int
    way: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.depth} bytes: " + " > ".join(name[:60] for name in self.way)


def reachable(library: Path, start: str, stop: re.Pattern[str]) -> dict[str, Reached]:
    """Functions that `start` reaches by direct calls, without passing one that matches `stop`."""
    table = functions(library)
    deepest: dict[str, Reached] = {}

    def visit(name: str, above: int, path: tuple[str, ...]) -> None:
        if name in path or stop.search(name):
            return
        function = table.get(name, Function(name))
        depth = above + function.stack
        if name in deepest and deepest[name].depth >= depth:
            return
        deepest[name] = Reached(depth, (*path, name))
        if not name.endswith("@plt"):
            for called in function.calls:
                visit(called, depth, (*path, name))

    visit(start, 0, ())
    return deepest
