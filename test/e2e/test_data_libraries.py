"""polars, duckdb and pyarrow as they are on the package index: what they hold, by their own word,
is what a report finds at the line that asked; what they gave back is gone."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import pytest
from profiling import MIB, Profiled, run_profiled
from test_allocators import notes_of
from test_what_is_tracked import model

pytestmark = pytest.mark.timeout(900)


def slow(*values: str):
    return pytest.param(*values, marks=pytest.mark.slow)


# After the last block of the library's there is more of ours than it ever had, so that is the peak.
AT_THE_END = """
import ctypes, sys, threading, time
def at_the_peak(told):
    block = bytearray(b"1") * (400 << 20)
    print(told)
    return block
"""

POLARS = """
def held(pl, rows=2_000_000):
    return pl.DataFrame({"a": pl.int_range(0, rows, eager=True)}).with_columns(b=pl.col("a") * 2)
def passing(pl):
    held(pl, 3_000_000).sort("b", descending=True).height
def work():
    import polars as pl
    passing(pl)
    frame = held(pl)
    return frame, frame.estimated_size()
"""

DUCKDB = """
def held(connection):
    connection.execute("create table t as select range a, range * 2 b from range(3_000_000)")
def passing(connection):
    connection.execute("select b % 1000, sum(a) from t group by all order by all").fetchall()
def work():
    import duckdb
    connection = duckdb.connect(config={"threads": 1})
    held(connection)
    passing(connection)
    told = connection.execute("select sum(memory_usage_bytes) from duckdb_memory()").fetchone()
    return connection, int(told[0])
"""

ARROW = """
def held(pa, pc, numpy):
    return [pc.add(pa.array(numpy.arange(500_000) + i), 1) for i in range(8)]
def passing(pa, pc, numpy):
    held(pa, pc, numpy)
def work():
    import numpy, pandas, pyarrow as pa, pyarrow.compute as pc
    passing(pa, pc, numpy)
    arrays = held(pa, pc, numpy)
    return arrays, pa.total_allocated_bytes()
"""

# Its strings are arrow's. `deep` is what pandas tells of them.
STRINGS = """
def held(pandas, rows=400_000):
    kept = pandas.Series([f"key-{i}" for i in range(rows)], dtype="str")
    return [kept, kept.str.replace("-", "_"), kept.str.slice(1), kept.str.removesuffix("7")]
def passing(pandas):
    kept = held(pandas)[0]
    return kept[kept.str.endswith("7")].groupby(kept).count().max()
def work():
    import pandas
    assert passing(pandas) == 1
    kept = held(pandas)
    return kept, sum(one.memory_usage(index=False, deep=True) for one in kept)
"""

CSV = """
def written(rows=700_000):
    from pyarrow import csv, table
    import numpy
    some = numpy.random.default_rng(7)
    columns = {name: some.random(rows) for name in "abc"}
    csv.write_csv(table(columns | {"n": numpy.arange(rows)}), "x.csv")
"""
CSV_BY_PANDAS = (
    CSV
    + """
def held(pandas):
    return pandas.read_csv("x.csv")
def passing(pandas):
    held(pandas)[:100_000].to_csv("y.csv", index=False)
    pandas.read_csv("y.csv")
def work():
    import pandas
    written()
    passing(pandas)
    table = held(pandas)
    return table, int(table.memory_usage(deep=True).sum())
"""
)
CSV_BY_ARROW = (
    CSV
    + """
def held(csv):
    return csv.read_csv("x.csv")
def passing(csv):
    csv.write_csv(held(csv), "y.csv")
    csv.read_csv("y.csv")
def work():
    from pyarrow import csv, total_allocated_bytes
    written()
    passing(csv)
    return held(csv), total_allocated_bytes()
"""
)
CSV_BY_POLARS = (
    CSV
    + """
def held(polars):
    return polars.read_csv("x.csv")
def passing(polars):
    held(polars).sort("n", descending=True)
def work():
    import polars
    written()
    passing(polars)
    frame = held(polars)
    return frame, frame.estimated_size()
"""
)

# As TPC-H asks: what was sold by kind (1), by customers of a segment (3), cheaply (6); the tables
# come from files.
TABLES = """
import numpy, pathlib
def tables(rows):
    some = numpy.random.default_rng(7)
    yield "lines", {
        "sale": some.integers(0, rows // 4, rows), "quantity": some.integers(1, 51, rows),
        "price": some.random(rows) * 1e5, "discount": some.integers(0, 11, rows) / 100,
        "day": some.integers(0, 2500, rows), "kind": some.integers(0, 6, rows)}
    yield "sales", {
        "sale": numpy.arange(rows // 4), "customer": some.integers(0, rows // 40, rows // 4)}
    yield "customers", {
        "customer": numpy.arange(rows // 40), "segment": some.integers(0, 5, rows // 40)}
def written(rows=1_500_000):
    import pyarrow, pyarrow.parquet
    for name, columns in tables(rows):
        pyarrow.parquet.write_table(pyarrow.table(columns), name + ".parquet")
"""

POLARS_QUERIES = (
    TABLES
    + """
def held(pl):
    lines, sales, customers = map(pl.read_parquet, FILES)
    sold = lines.join(sales, on="sale")
    sold = sold.join(customers.filter(pl.col("segment") == 1), on="customer")
    cheap = lines.lazy().filter(pl.col("discount") >= 0.05, pl.col("quantity") < 24).collect()
    return [lines, sales, customers, sold, cheap]
def passing(pl):
    lines = pl.read_parquet(FILES[0])
    lines.group_by("kind").agg(pl.sum("quantity"), pl.mean("discount")).sort("kind")
    lines.head(200_000).write_csv("lines.csv")
    pl.read_csv("lines.csv")
FILES = ["lines.parquet", "sales.parquet", "customers.parquet"]
def work():
    import polars as pl
    written()
    passing(pl)
    frames = held(pl)
    return frames, sum(frame.estimated_size() for frame in frames)
"""
)

DUCKDB_QUERIES = (
    TABLES
    + """
def held(connection):
    for name in ["lines", "sales", "customers"]:
        connection.execute(f"create table {name} as select * from '{name}.parquet'")
    connection.execute("create table sold as select * from lines join sales using (sale) "
                       "join customers using (customer) where segment = 1")
    connection.execute("create table cheap as select * from lines "
                       "where discount >= 0.05 and quantity < 24")
def passing(connection):
    connection.execute("select kind, sum(quantity), avg(discount) from lines group by all "
                       "order by all").fetchall()
    connection.execute("copy (from lines limit 200_000) to 'lines.csv'")
    connection.execute("select sum(price) from 'lines.csv'").fetchall()
def work():
    import duckdb
    written()
    connection = duckdb.connect(config={"threads": 1})
    held(connection)
    passing(connection)
    told = connection.execute("select sum(memory_usage_bytes) from duckdb_memory()").fetchone()
    return connection, int(told[0])
"""
)

ARROW_QUERIES = (
    TABLES
    + """
def held(dataset, field):
    lines, sales = (dataset(name + ".parquet").to_table() for name in ["lines", "sales"])
    sold = lines.join(sales, "sale", join_type="inner")
    cheap = lines.filter((field("discount") >= 0.05) & (field("quantity") < 24))
    return [lines, sales, sold, cheap]
def passing(dataset, field):
    import pyarrow.csv
    lines = dataset("lines.parquet").to_table()
    lines.group_by(["kind"]).aggregate([("quantity", "sum"), ("discount", "mean")])
    pyarrow.csv.write_csv(lines.slice(0, 200_000), "lines.csv")
    pyarrow.csv.read_csv("lines.csv")
def work():
    import pyarrow, pyarrow.dataset, pyarrow.compute
    written()
    asked = pyarrow.dataset.dataset, pyarrow.compute.field
    passing(*asked)
    tables = held(*asked)
    return tables, pyarrow.total_allocated_bytes()
"""
)

PLAIN = "kept, told = work()\nblock = at_the_peak(told)\n"
IN_A_THREAD = """
found = []
thread = threading.Thread(target=lambda: found.append(work()))
thread.start(), thread.join()
block = at_the_peak(found[0][1])
"""
TWICE = "first = work()\ndel first\n" + PLAIN
FREED_BY_ANOTHER = (
    """
other = [work()[0]]
thread = threading.Thread(target=other.clear)
thread.start(), thread.join()
"""
    + PLAIN
)
# The parent's is the peak; its workers have theirs, one after the other, and are gone.
IN_WORKERS = """
import multiprocessing
def worker(out):
    kept, told = work()
    out.put(told)
    block = at_the_peak(told)
    time.sleep(0.2)
if __name__ == "__main__":
    context = multiprocessing.get_context("fork")
    out = context.Queue()
    process = context.Process(target=worker, args=(out,))
    process.start()
    out.get()
    process.join()
"""


def bytes_at(profiled: Profiled, text: str) -> int:
    return sum(n for frames, n in profiled.callstacks.items() if any(text in f for f in frames))


def run_job(
    folder: Path, text: str, python: str | Path = sys.executable, **environment: str
) -> Profiled:
    script = folder / "job.py"
    script.write_text(AT_THE_END + text)
    return run_profiled(
        folder / "out", [str(script)], python=python, env={**os.environ, **environment}, cwd=folder
    )


def run(folder: Path, text: str, *how: Path, **environment: str) -> tuple[Profiled, int]:
    profiled = run_job(folder, text, *how, **environment)
    assert (profiled.status, profiled.own_stderr) == (0, b""), profiled.stderr.decode()
    return profiled, int(profiled.stdout.split()[-1])


def assert_resident_is_explained(profiled: Profiled) -> None:
    resident = model(profiled)["facts"]["resident"]
    lines = [(line["kind"], line["bytes"]) for line in resident["lines"]]
    assert sum(n for kind, n in lines if kind != "none") == resident["total"]
    assert sum(n for kind, n in lines if kind == "unknown") < resident["total"] / 20


def assert_held_is_found(profiled: Profiled, told: int, passing: int = 50) -> None:
    assert bytes_at(profiled, "(held)") == pytest.approx(told, rel=0.02)
    assert bytes_at(profiled, "(passing)") < told / passing
    assert notes_of(profiled) == []
    assert_resident_is_explained(profiled)


@pytest.mark.parametrize(
    ("library", "how"),
    [
        (POLARS, PLAIN),
        (DUCKDB, PLAIN),
        (ARROW, PLAIN),
        (ARROW, IN_WORKERS),
        *(
            slow(library, how)
            for library in [POLARS, DUCKDB, ARROW]
            for how in [IN_A_THREAD, TWICE, FREED_BY_ANOTHER, IN_WORKERS]
            if (library, how) != (ARROW, IN_WORKERS)
        ),
    ],
)
def test_what_it_holds_is_found_at_the_line_that_asked(
    library: str, how: str, tmp_path: Path
) -> None:
    profiled, told = run(tmp_path, library + how)
    assert told > 20 * MIB
    assert_held_is_found(profiled, told)


@pytest.mark.parametrize("text", [STRINGS, CSV_BY_PANDAS, CSV_BY_ARROW, slow(CSV_BY_POLARS)])
def test_what_a_table_holds_is_found_at_the_line_that_made_it(text: str, tmp_path: Path) -> None:
    profiled, told = run(tmp_path, text + PLAIN)
    assert told > 20 * MIB
    assert_held_is_found(profiled, told)


@pytest.mark.slow
@pytest.mark.parametrize("library", [POLARS_QUERIES, DUCKDB_QUERIES, ARROW_QUERIES])
def test_what_queries_of_files_hold_is_found_at_the_line_that_asked(
    library: str, tmp_path: Path
) -> None:
    profiled, told = run(tmp_path, library + PLAIN)
    assert told > 100 * MIB
    # What is made once is made at the first call.
    assert_held_is_found(profiled, told, passing=10)


@pytest.mark.parametrize("pool", [slow("system"), "jemalloc"])
def test_arrows_pool_is_the_users_to_choose(pool: str, tmp_path: Path) -> None:
    profiled, told = run(tmp_path, ARROW + PLAIN, ARROW_DEFAULT_MEMORY_POOL=pool)
    found = bytes_at(profiled, "(held)") + bytes_at(profiled, "(passing)")
    assert found == pytest.approx(told, rel=0.02)
    assert notes_of(profiled) == []
    assert_resident_is_explained(profiled)


# Its blocks are not seen, so what it maps of its reserve is, wherever in it that is.
COMMITTED = re.compile(rb"^  committed : +[0-9.]+ MiB +[0-9.]+ MiB +([0-9.]+) MiB", re.MULTILINE)


def test_of_a_mimalloc_what_it_maps_is_found_as_it_tells_itself(tmp_path: Path) -> None:
    tells = "import pyarrow; pyarrow.default_memory_pool().print_stats()\n"
    text = ARROW.replace("range(8)", "range(40)") + PLAIN + tells
    profiled = run_job(tmp_path, text, ARROW_DEFAULT_MEMORY_POOL="mimalloc")
    assert profiled.status == 0
    told, committed = int(profiled.stdout), float(COMMITTED.search(profiled.stderr)[1]) * MIB
    assert told <= committed < told * 1.15
    assert bytes_at(profiled, "(held)") == pytest.approx(committed, rel=0.02)
    assert any("mimalloc" in note for note in notes_of(profiled))
    assert_resident_is_explained(profiled)
