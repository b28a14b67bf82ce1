"""redis with jemalloc: what it holds, by its own word, is what a report finds, and resident memory
is explained."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from profiling import FIL_PROFILE, MIB, run_profiled
from test_allocators import notes_of

# With what stands before and behind it a value fills a block of 10 KiB, one of jemalloc's sizes.
VALUE = b"x" * (10 * 1024 - 6)
VALUES = 5000


def command(*words: bytes) -> bytes:
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


class Client:
    def __init__(self, path: Path):
        for _ in range(600):
            try:
                self.socket = socket.socket(socket.AF_UNIX)
                self.socket.connect(str(path))
                break
            except OSError:
                time.sleep(0.05)
        self.answers = self.socket.makefile("rb")

    def ask(self, *words: bytes) -> bytes:
        self.socket.sendall(command(*words))
        first = self.answers.readline()
        return self.answers.read(int(first[1:]) + 2) if first.startswith(b"$") else first

    def ask_much(self, commands: list[bytes]) -> None:
        for at in range(0, len(commands), 100):
            self.socket.sendall(b"".join(commands[at : at + 100]))
            for _ in commands[at : at + 100]:
                assert self.answers.readline()[:1] in b"+:"


def work(path: Path) -> int:
    """Values come, are replaced, some go and come again; by redis' word, bytes of jemalloc's."""
    redis = Client(path)
    for _ in range(2):
        redis.ask_much([command(b"SET", b"key:%d" % i, VALUE) for i in range(VALUES)])
    redis.ask_much([command(b"DEL", b"key:%d" % i) for i in range(0, VALUES, 2)])
    redis.ask_much([command(b"SET", b"key:%d" % i, VALUE) for i in range(0, VALUES, 2)])
    # It asks jemalloc ten times a second.
    told = 0
    for _ in range(100):
        before, told = told, allocated(redis)
        if told == before and told > VALUES * len(VALUE):
            break
        time.sleep(0.3)
    redis.socket.sendall(command(b"SHUTDOWN", b"NOSAVE"))
    return told


def allocated(redis: Client) -> int:
    text = redis.ask(b"INFO", b"memory").decode()
    return int(text.partition("allocator_allocated:")[2].split()[0])


def test_what_redis_holds_is_found(tmp_path: Path) -> None:
    # Debian's redis-server, the package, would start a server of its own.
    program = shutil.which("redis-check-rdb")
    assert program, "of Debian's redis-tools"
    redis = str(tmp_path / "redis-server")
    Path(redis).symlink_to(program)
    path = tmp_path / "socket"
    server = [redis, "--port", "0", "--unixsocket", str(path), "--save", "", "--io-threads", "1"]
    with ThreadPoolExecutor() as beside:
        client = beside.submit(work, path)
        profiled = run_profiled(tmp_path / "out", server, cwd=tmp_path)
        told = client.result()
    assert profiled.status == 0, profiled.stderr.decode()
    assert told > VALUES * len(VALUE)
    assert profiled.peak == pytest.approx(told, rel=0.02)
    assert not [note for note in notes_of(profiled) if "jemalloc" in note]
    asked = [FIL_PROFILE, "report", "--format", "json", profiled.report]
    report = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)
    lines = {line["kind"]: line["bytes"] for line in report["resident"]["lines"]}
    assert lines.get("unknown", 0) < report["resident"]["bytes"] / 20
    assert lines["counted"] > 0.9 * VALUES * len(VALUE)
    assert report["resident"]["bytes"] < 200 * MIB
