#!/usr/bin/env python3
"""Does a replay need what the program needed, and which allocator would need least?

    bench/laboratory.py [--programs sqlite3,redis] [--folder DIR] [--repeat 5] [--compare]

Five real programs are looked at as they run plain (their memory that is of no file, every 2 ms),
recorded, and replayed on glibc; a line each says the two peaks. --compare makes the comparison page
of Debian's allocators over the traces (docs/lab/), and of synthetic ones made from them. A sixth
program, "adversary", is one on which allocators differ.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
OURS = HERE.parent / "build" / "bin" / "fil-profile"
LIMIT_SECONDS = 300
ALLOCATORS = ["glibc", "libjemalloc.so.2", "libtcmalloc_minimal.so.4", "libmimalloc.so.2"]


@dataclass(frozen=True)
class Program:
    name: str
    command: Callable[[Path], list[str]]
    load: Callable[[Path], list[str]] | None = None  # what asks it, and ends it


def sqlite(folder: Path) -> list[str]:
    (folder / "work.sql").write_text(
        "create table t(id integer primary key, name text, price real);\n"
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 150000)\n"
        "insert into t select i, 'name ' || i * 7919 % 150000, i * 0.37 from n;\n"
        "create index by_name on t(name);\n"
        "select count(*), max(name), sum(price) from t where name > 'name 5';\n"
    )
    return ["sqlite3", ":memory:", f".read {folder}/work.sql"]


def compiler(folder: Path) -> list[str]:
    source = "#include <regex>\n#include <map>\n#include <string>\n#include <iostream>\n" + "".join(
        f"std::map<std::string, int> f{i}(const std::string& s) {{ std::map<std::string, int> m;"
        f" std::regex r(s); m[s] = std::regex_match(s, r) + {i}; return m; }}\n"
        for i in range(20)
    )
    (folder / "work.cpp").write_text(source)
    subprocess.run(["g++", "-E", "work.cpp", "-o", "work.ii"], cwd=folder, check=True)
    found = subprocess.run(
        ["g++", "-print-prog-name=cc1plus"], capture_output=True, text=True, check=True
    )
    words = "-fpreprocessed -quiet -O2 -std=c++17 -o /dev/null".split()
    return [found.stdout.strip(), *words, str(folder / "work.ii")]


def adversary(folder: Path) -> list[str]:
    program = folder / "adversary"
    source = str(HERE / "laboratory/adversary.c")
    subprocess.run(["cc", "-O1", "-fno-builtin", "-o", program, source], check=True)
    return [str(program)]


def redis(folder: Path) -> list[str]:
    with socket.socket() as asks:
        asks.bind(("127.0.0.1", 0))
        port = asks.getsockname()[1]
    (folder / "redis.port").write_text(str(port))
    options = "--bind 127.0.0.1 --appendonly no --daemonize no --loglevel warning --save".split()
    return ["redis-server", *options, "", "--port", str(port)]


def redis_load(folder: Path) -> list[str]:
    at = f"-p {(folder / 'redis.port').read_text()}"
    ask = f"redis-benchmark {at} -q -c 8 -n 60000 -r 30000"
    return [
        "sh",
        "-c",
        f"until redis-cli {at} ping 2>&1; do sleep 0.1; done\n"
        f"{ask} -t set -d 300; {ask} -t lpush,hset,sadd -d 40; {ask} -t set -d 900\n"
        f"{ask} del key:__rand_int__\n{ask} -t get\nredis-cli {at} shutdown nosave",
    ]


PROGRAMS = [
    Program("sqlite3", sqlite),
    Program("cc1plus", compiler),
    Program("pandas", lambda folder: [sys.executable, str(HERE / "laboratory/flights_job.py")]),
    Program("redis", redis, redis_load),
    Program("adversary", adversary),
    Program("server", lambda folder: [sys.executable, str(HERE / "laboratory/json_server.py")]),
]


def anonymous_bytes(pid: int) -> int:
    """What is resident and of no file: heap, anonymous mappings, stacks."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    return sum(int(fields.get(name, "0").split()[0]) << 10 for name in ("RssAnon", "RssShmem"))


def data_of_files(pid: int) -> int:
    """Of that, what belongs to files: their data, and relocated code; and stacks."""
    found, is_file = 0, False
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        words = line.split()
        if not words[0].endswith(":"):
            is_file = len(words) > 5 and words[5] != "[heap]"
        elif is_file and words[0] == "Anonymous:":
            found += int(words[1]) << 10
    return found


def run(program: Program, command: list[str], folder: Path, watches: bool) -> int:
    """The highest memory of the program itself, less that of files and stacks."""
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as running:
        asks = (
            subprocess.Popen(program.load(folder), stdout=subprocess.DEVNULL)
            if program.load
            else None
        )
        peak = 0
        while running.poll() is None:
            now = anonymous_bytes(running.pid) if watches else 0
            if now > peak * 1.005 and now > 0:
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    peak = max(peak, now - data_of_files(running.pid))
            time.sleep(0.002)
        if asks is not None:
            asks.wait(LIMIT_SECONDS)
        if running.returncode != 0:
            raise SystemExit(f"{command[0]} ended with {running.returncode}")
    return peak


def replayed(trace: Path, *options: str) -> tuple[float, float]:
    """Peak resident and peak requested, in MiB."""
    ended = subprocess.run(
        [str(OURS), "replay", *options, str(trace)],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_SECONDS,
    )
    words = {line.split()[0]: line.split()[1] for line in ended.stdout.splitlines() if line}
    return float(words["resident"]), float(words["requested"])


def compare_synthetic(folder: Path, traces: list[str]) -> None:
    """What a synthetic trace says of allocators, beside what the trace says that it is made of."""
    print(f"{'':34} {'trace':>9} {'synthetic':>9}   peak resident, MiB")
    for trace in traces:
        made = folder / f"synthetic-{Path(trace).name}"
        subprocess.run([str(OURS), "--quiet", "synthesize", "-o", str(made), trace], check=True)
        for name in ALLOCATORS:
            both = [replayed(one, "--allocator", name)[0] for one in (Path(trace), made)]
            print(f"{Path(trace).stem:10} {name:23} {both[0]:9.1f} {both[1]:9.1f}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", default=",".join(one.name for one in PROGRAMS))
    parser.add_argument("--folder", type=Path, default=Path(".bench-laboratory"))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--compare", action="store_true")
    asked = parser.parse_args()
    folder = asked.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [one for one in PROGRAMS if one.name in asked.programs.split(",")]
    traces, figures = [], {}
    print(f"{'':10} {'plain':>9} {'replay':>9} {'':>7}   requested")
    for program in chosen:
        if shutil.which(program.command(folder)[0]) is None:
            print(f"{program.name:10} is not installed")
            continue
        plain = max(run(program, program.command(folder), folder, True) for _ in range(2))
        trace = folder / f"{program.name}.filtrace"
        record = [str(OURS), "--quiet", "record", "-o", str(trace)]
        run(program, [*record, *program.command(folder)], folder, False)
        resident, requested = replayed(trace)
        mib = plain / (1 << 20)
        print(
            f"{program.name:10} {mib:9.1f} {resident:9.1f} {resident / mib - 1:+7.1%}   "
            f"{requested:.1f} MiB, {trace.stat().st_size} bytes",
            flush=True,
        )
        figures[program.name] = {"plain": mib, "replay": resident, "requested": requested}
        traces.append(str(trace))
    (folder / "proof.json").write_text(json.dumps(figures, indent=1) + "\n")
    if asked.compare:
        words = [word for name in ALLOCATORS for word in ("--allocator", name)]
        options = ["-o", str(folder / "comparison"), "--repeat", str(asked.repeat)]
        command = [str(OURS), "--no-browser", "compare-allocators", *options, *words, *traces]
        subprocess.run(command, check=True)
        compare_synthetic(folder, traces)


if __name__ == "__main__":
    main()
