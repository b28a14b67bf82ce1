"""A command in a terminal of its own, at which keys are typed."""

from __future__ import annotations

import os
import pty
import select
import time

from command import SECONDS


class Terminal:
    def __init__(self, *command: str):
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.shown = b""

    def expect(self, text: bytes):
        end = time.monotonic() + SECONDS
        while text not in self.shown:
            ready, _, _ = select.select([self.descriptor], [], [], end - time.monotonic())
            assert ready, f"never shown: {text!r} in {self.shown!r}"
            try:
                self.shown += os.read(self.descriptor, 1000)
            except OSError:
                raise AssertionError(f"ended without {text!r}: {self.shown!r}") from None
        self.shown = self.shown[self.shown.index(text) + len(text) :]

    def type(self, keys: bytes):
        os.write(self.descriptor, keys)

    def wait(self) -> int:
        _, status = os.waitpid(self.pid, 0)
        self.hang_up()
        return os.waitstatus_to_exitcode(status)

    def hang_up(self):
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self.descriptor = -1
