"""polars, Arrow and duckdb with their pools on: what stands at the line that asked."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from profiling import FIL_PROFILE, MIB, run_plain

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FRAME = """
import numpy as np, polars as pl
N = 400_000
values = np.arange(N, dtype="f8")
base = pl.DataFrame({"k": np.arange(N) % 1000, "v": values, "w": values[::-1].copy()})
dim = pl.DataFrame({"k": np.arange(1000), "z": np.arange(1000, dtype="f8")})
"""
FILES = """
import numpy as np, pyarrow as pa, pyarrow.parquet as pq, pyarrow.csv as pcsv
N = 1_000_000
table = pa.table({"k": np.arange(N) % 1000, "v": np.random.rand(N), "w": np.random.rand(N)})
pq.write_table(table, "t.parquet", row_group_size=65536)
pcsv.write_csv(table, "t.csv")
del table
"""
DATABASE = """
import duckdb
root = duckdb.connect()
root.execute("set threads=4")
cursors = [root.cursor() for _ in range(4)]
"""
MADE = (
    "create table t{i}_' + str(turn) + ' as select i, i*1.5 v, random() w from range(600000) t(i)"
)

# What each call keeps, by what it returns: columns of 8 bytes a value, or (duckdb) by measure. At
# least how much of it must be at its line, at most how much more (of other lines'): with one, with
# two and with four threads.
COLUMN = 8 * 400_000
LONG_COLUMN = 8_000_000
DOUBLED = "pl.scan_parquet('t.parquet').with_columns(a=pl.col('v')*2)"


class Job(NamedTuple):
    start: str
    calls: dict[str, int]
    turns: int
    right: dict[int, int]
    wrong: dict[int, int]


JOBS = {
    "polars": Job(
        FRAME,
        {
            "base.sort('w')": 3 * COLUMN,
            "base.join(dim, on='k')": 4 * COLUMN,
            "base.with_columns(a=pl.col('v')*2, b=pl.col('w')+1, c=pl.col('v')+pl.col('w'))": 3
            * COLUMN,
        },
        6,
        {1: 97, 2: 88, 4: 82},
        {1: 8, 2: 12, 4: 18},
    ),
    "streaming": Job(
        FILES + "import polars as pl\n",
        {
            "pl.read_parquet('t.parquet')": 3 * LONG_COLUMN,
            DOUBLED + ".collect(engine='streaming')": 4 * LONG_COLUMN,
            "pl.read_csv('t.csv')": 3 * LONG_COLUMN,
        },
        2,
        {1: 95, 2: 80, 4: 65},
        {1: 5, 2: 20, 4: 35},
    ),
    "arrow": Job(
        FILES,
        {"pq.read_table('t.parquet')": 3 * LONG_COLUMN, "pcsv.read_csv('t.csv')": 3 * LONG_COLUMN},
        2,
        {1: 97, 2: 60, 4: 50},
        {1: 5, 2: 42, 4: 52},
    ),
    "duckdb": Job(
        DATABASE,
        {f"cursors[{{i}}].execute('{MADE}')": 22_150_000},
        4,
        {1: 95, 2: 93, 4: 93},
        {1: 5, 2: 7, 4: 7},
    ),
}


def program(job: Job, threads: int) -> tuple[str, dict[int, int]]:
    lines = [*job.start.splitlines(), "import threading", "kept = []"]
    lines.append(f"together = threading.Barrier({threads})")
    asked = {}
    calls = list(job.calls.items())
    for i in range(threads):
        lines += [f"def run_{i}():", "    together.wait()", f"    for turn in range({job.turns}):"]
        for j in range(len(calls)):
            call, bytes = calls[(i + j) % len(calls)]
            lines.append(f"        kept.append({call.replace('{i}', str(i))})")
            asked[len(lines)] = bytes * job.turns
    names = ", ".join(f"run_{i}" for i in range(threads))
    lines += [
        f"threads = [threading.Thread(target=run) for run in ({names},)]",
        "for thread in threads: thread.start()",
        "for thread in threads: thread.join()",
        "last = bytearray(600 << 20)",
    ]
    return "\n".join(lines) + "\n", asked


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("name", JOBS)
def test_what_a_pool_takes_is_at_the_line_that_asked_and_said_as_guessed_where_it_is(
    name: str,
    threads: int,
    here: Path,
) -> None:
    job = JOBS[name]
    text, asked = program(job, threads)
    Path("x.py").write_text(text)
    pools = {"POLARS_MAX_THREADS": "4", "OMP_NUM_THREADS": "4"}
    options = ["--no-browser", "--keep-thread-pools", "-o", "out", "--python", sys.executable]
    ran = run_plain([FIL_PROFILE, *options, "run", "x.py"], env={**os.environ, **pools})
    assert ran.status == 0, ran.stderr
    told = run_plain([FIL_PROFILE, "report", "--format", "json", "out/latest"])
    report = json.loads(told.stdout)
    held = {line["line"]: line for line in report["lines"] if line["file"].endswith("x.py")}
    right = sum(min(held[line]["bytes"], bytes) for line, bytes in asked.items() if line in held)
    wrong = sum(max(held[line]["bytes"] - asked[line], 0) for line in asked if line in held)
    total = sum(asked.values())
    assert 100 * right >= job.right[threads] * total, (right / total, report["errands"])
    assert 100 * wrong <= job.wrong[threads] * total, (wrong / total, report["errands"])
    # By a pool thread's stack is a guess, at the line, too.
    guessed = sum(line["guessed"] for line in held.values())
    assert guessed >= report["errands"]["by_job"] - MIB
