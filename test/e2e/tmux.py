"""A terminal of a given size, as tmux has it: what stands on it, keys pressed, its size changed."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

from command import wait_until


class Terminal:
    def __init__(self, columns: int, rows: int, command: list[str]) -> None:
        self.server = f"fil-{uuid.uuid4().hex[:12]}"
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", columns, "-y", rows, *command)

    def tmux(self, *words: object) -> str:
        environment = {**os.environ, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        environment.pop("TMUX", None)
        return subprocess.run(
            ["tmux", "-L", self.server, *map(str, words)],
            capture_output=True,
            text=True,
            check=True,
            env=environment,
        ).stdout

    def press(self, *keys: str) -> None:
        self.tmux("send-keys", *keys)

    def type(self, *words: str) -> None:
        """A command, at a shell's prompt."""
        self.tmux("send-keys", "-l", shlex.join(words))
        self.press("Enter")

    def resize(self, columns: int, rows: int) -> None:
        self.tmux("resize-window", "-x", columns, "-y", rows)

    @property
    def lines(self) -> list[str]:
        return self.tmux("capture-pane", "-p").rstrip("\n").split("\n")

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def wait(self, condition: Callable[[str], object], what: str) -> str:
        seen = [""]

        def look() -> object:
            seen[0] = self.text
            return condition(seen[0])

        try:
            wait_until(look, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{seen[0]}") from None
        return seen[0]

    def wait_for(self, text: str) -> str:
        return self.wait(lambda screen: text in screen, repr(text))

    def end(self) -> None:
        subprocess.run(["tmux", "-L", self.server, "kill-server"], capture_output=True, check=False)
        folder = Path(os.environ.get("TMUX_TMPDIR", "/tmp"), f"tmux-{os.getuid()}")
        (folder / self.server).unlink(missing_ok=True)


@contextlib.contextmanager
def terminal(columns: int = 80, rows: int = 24, *command: str) -> Iterator[Terminal]:
    """A shell, unless a command is given."""
    made = Terminal(columns, rows, list(command) or ["env", "PS1=$ ", "sh", "-i"])
    try:
        yield made
    finally:
        made.end()
