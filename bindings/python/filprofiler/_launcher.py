"""Starts the real fil-profile, a native program, in place of this interpreter.

It is told by FIL_PYTHON which Python it belongs to, so that `fil-profile run x.py` means this one;
it takes that variable out of the program's environment.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# Inside the package, where a wheel has it; in the build tree of the sources.
PLACES = ["bin/fil-profile", "../../../build/bin/fil-profile"]


def find_command() -> Path | None:
    for place in PLACES:
        command = PACKAGE / place
        if os.access(command, os.X_OK):
            return command
    return None


def main() -> None:
    command = find_command()
    if command is None:
        print(f"=fil-profile= there is no fil-profile in {PACKAGE}", file=sys.stderr)
        sys.exit(2)
    environment = {**os.environ, "FIL_PYTHON": sys.executable}
    os.execve(command, ["fil-profile", *sys.argv[1:]], environment)
