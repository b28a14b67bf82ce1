"""What a program with many children costs while it runs, and what stays of it: nothing."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from command import SECONDS, running, script, wait_until

# In rounds: children by fork, by exec of Python and of a native program, and threads. A round has
# ended when all of them have.
ROUNDS = """
    import os, subprocess, sys, threading
    def hold():
        return bytearray(100_000)
    print(os.getpid(), flush=True)
    for line in sys.stdin:
        for _ in range(int(line)):
            child = os.fork()
            if child == 0:
                hold()
                os._exit(0)
            os.waitpid(child, 0)
            subprocess.run(["/bin/true"])
            thread = threading.Thread(target=hold)
            thread.start()
            thread.join()
        subprocess.run([sys.executable, "-S", "-c", "bytearray(100_000)"])
        print("round", flush=True)
"""


def ledger(*pids: int) -> Counter:
    """What processes hold: descriptors and shared mappings, by what they are of. Not what the peak
    needs of children that have ended."""
    held = Counter()
    for pid in pids:
        for number in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):  # closed just now
                held[pid, "file", re.sub(r"\d+", "N", str(number.readlink()))] += 1
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            _, access, *_, name = line.split(maxsplit=5)
            if access[3] == "s" and "fil-compact" not in name:
                held[pid, "mapping", name] += 1
    return held


def test_what_many_children_took_is_given_back_while_the_program_runs(here):
    name = script("x.py", ROUNDS)
    with (
        tempfile.TemporaryDirectory() as short,  # a socket's path has its limit
        running(name, stdin=subprocess.PIPE, env={**os.environ, "TMPDIR": short}) as supervisor,
    ):
        program = int(supervisor.stdout.readline())
        files = set(Path(short).rglob("*"))
        before_all = ledger(supervisor.pid, program)
        assert before_all[program, "file", "pipe:[N]"] == 3
        for children in (2, 10, 40):
            supervisor.stdin.write(b"%d\n" % children)
            supervisor.stdin.flush()
            assert supervisor.stdout.readline() == b"round\n"
            wait_until(lambda: ledger(supervisor.pid, program) <= before_all, "all is given back")
            assert set(Path(short).rglob("*")) == files
        supervisor.stdin.close()
        assert supervisor.wait(SECONDS) == 0
        assert list(Path(short).iterdir()) == []
