"""`fil-profile record` and `replay`: what a program does with memory, in a file and done again."""

from __future__ import annotations

import csv
import ctypes
import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from command import SECONDS, fil_profile, script
from profiling import FIL_PROFILE, PROGRAMS
from traces import events, figure, ours, recorded, shape


@pytest.mark.usefixtures("here")
def test_each_function_of_the_family_is_an_event_as_it_was_asked_for(traced: str) -> None:
    recorded(traced, "all")
    assert shape(events())[0] == [
        ("malloc", 1007, 1, False),
        ("realloc", 2007, 1, False),
        ("realloc", 40007, 1, False),
        ("free", 40007, 1, False),
        ("malloc", 5007, 1, True),
        ("free", 5007, 1, False),
        ("malloc", 6007, 256, False),
        ("free", 6007, 1, False),
        ("malloc", 7007, 64, False),
        ("free", 7007, 1, False),
        ("malloc", 8007, 4096, False),
        ("free", 8007, 1, False),
        ("malloc", 9007, 1, False),
        ("free", 9007, 1, False),
        ("malloc", 10007, 1, False),
    ]
    mapped = [one.bytes for one in events() if one.what == "map"]
    unmapped = [one.bytes for one in events() if one.what == "unmap"]
    assert 1 << 20 in mapped
    assert Counter(unmapped) >= Counter([8192, 4096, (1 << 20) - 8192 - 4096])


@pytest.mark.usefixtures("here")
def test_a_block_that_another_thread_frees_goes_after_it_came(traced: str) -> None:
    recorded(traced, "threads", "2000")
    found = ours(events())  # which says so where one goes that has not come
    kinds = Counter((one.thread, one.what) for one in found)
    assert sorted(kinds.values()) == [2000, 2000]
    assert len({one.thread for one in found}) == 2


@pytest.mark.usefixtures("here")
def test_the_trace_of_a_killed_program_has_all_that_came_before(traced: str) -> None:
    ended = fil_profile("record", traced, "killed", "10000", timeout=SECONDS)
    assert ended.status == -signal.SIGKILL
    assert len(ours(events())) == 10000


@pytest.mark.usefixtures("here")
def test_nothing_is_lost_where_a_program_allocates_faster_than_is_written(traced: str) -> None:
    said = recorded(traced, "many", "200000")
    assert "are not in it" not in said
    assert Counter(one.what for one in ours(events())) == {"malloc": 200000, "free": 200000}
    size = Path("trace.filtrace").stat().st_size
    assert size < 3 * 400000  # what the issue asks for: 3 bytes an event


@pytest.mark.usefixtures("here")
def test_a_sample_keeps_whole_lifetimes(traced: str) -> None:
    recorded(traced, "many", "20000", options=("--sample", "10"))
    kinds = Counter(one.what for one in ours(events()))
    assert kinds["malloc"] == kinds["free"]
    assert 1000 < kinds["malloc"] < 4000


@pytest.mark.usefixtures("here")
def test_each_process_is_one_of_the_trace(traced: str) -> None:
    said = recorded(traced, "fork")
    assert "2 processes" in said
    chosen = fil_profile("replay", "trace.filtrace", timeout=SECONDS)
    assert (
        b"has 2 processes; this is of the one with most events (--process takes another): PID "
        in (chosen.stderr)
    )
    pids = [str(pid) for pid in processes_of("trace.filtrace", b"traced")]
    found = [ours(events("trace.filtrace", "--process", pid)) for pid in pids]
    # What the child inherited is its parent's.
    held = sorted([one.bytes for one in each] for each in found)
    assert held == [[1007], [2007, 3007]]
    nobody = fil_profile("replay", "--process", "1", "trace.filtrace", timeout=SECONDS)
    assert nobody.stderr == b"=fil-profile= trace.filtrace has no process 1\n"


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(("option", "processes"), [((), 3), (("--no-children",), 1)])
def test_a_script_runs_with_the_python_that_is_named(option: tuple, processes: int) -> None:
    text = f"import os, sys; print(sys.executable); os.system({sys.executable!r} ' -c 0')\n"
    program = [*option, "--python", sys.executable, script("x.py", text)]
    ran = fil_profile("record", "-o", "trace.filtrace", *program, timeout=SECONDS)
    assert (ran.status, ran.stdout.decode()) == (0, f"{sys.executable}\n")
    # The script, its shell and the shell's child, or the script.
    assert len(processes_of("trace.filtrace", b"python")) == processes


@pytest.mark.usefixtures("here")
def test_of_a_python_a_replay_takes_small_objects_or_their_arenas() -> None:
    script("small.py", "kept = [str(i) for i in range(30_000)]\n")
    recorded(sys.executable, "small.py")
    layers = Counter(one.layer for one in events() if one.what in ("malloc", "map"))
    assert layers[1] > 30_000  # small objects
    # Those are of malloc neither way: a replay never has both.
    asked = Counter(one.layer for one in events() if one.what == "malloc" and one.bytes <= 512)
    assert asked[0] < 0.1 * asked[1]
    assert layers[2] >= 2  # arenas of a megabyte
    arenas = fil_profile("replay", "trace.filtrace", timeout=SECONDS).stdout.decode()
    blocks = fil_profile("replay", "--small", "blocks", "trace.filtrace", timeout=SECONDS)
    assert figure(blocks.stdout.decode(), "events") > figure(arenas, "events") + 30_000


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("mode", [("all",), ("threads", "3000")])
def test_what_is_recorded_of_a_replay_is_what_was_recorded(traced: str, mode: tuple) -> None:
    """Round trip: the same events of each thread, in the same order."""
    recorded(traced, *mode)
    recorded(str(FIL_PROFILE), "replay", "trace.filtrace", options=("-o", "again.filtrace"))
    first = shape(events())
    for pid in processes_of("again.filtrace", b"untimed"):
        again = shape(events("again.filtrace", "--process", str(pid)))
        if again:
            assert again == first
            return
    pytest.fail("no replay was recorded")


def processes_of(trace: str, word: bytes) -> list[int]:
    """Of those whose command has it, in the order of joining (docs/design/trace-file.md)."""
    zstd = ctypes.CDLL("libzstd.so.1")
    zstd.ZSTD_decompress.restype = ctypes.c_size_t
    whole, at, found = Path(trace).read_bytes(), 64, []
    while whole[at : at + 4] == b"tblk":
        kind = int.from_bytes(whole[at + 4 : at + 8], "little")
        stored = int.from_bytes(whole[at + 16 : at + 24], "little")
        if kind == 1:
            raw = int.from_bytes(whole[at + 24 : at + 32], "little")
            content = ctypes.create_string_buffer(raw)
            packed = whole[at + 56 : at + 56 + stored]
            zstd.ZSTD_decompress(content, ctypes.c_size_t(raw), packed, ctypes.c_size_t(stored))
            pid = shift = place = 0
            while True:
                byte = content.raw[place]
                pid |= (byte & 127) << shift
                place, shift = place + 1, shift + 7
                if byte < 128:
                    break
            if word in content.raw:
                found.append(pid)
        at += 56 + stored
    return found


@pytest.mark.usefixtures("here")
def test_a_replay_measures_the_allocator_that_is_asked_for(traced: str) -> None:
    recorded(traced, "threads", "3000")
    for allocator in ("glibc", "libtcmalloc_minimal.so.4", "libjemalloc.so.2"):
        for order in ("strict", "free"):
            ended = fil_profile(
                "replay",
                "--allocator",
                allocator,
                "--order",
                order,
                "trace.filtrace",
                timeout=SECONDS,
            )
            assert ended.status == 0, ended.stderr
            printed = ended.stdout.decode()
            name = allocator.split(".")[0] if allocator != "glibc" else "libc"
            assert name in printed.splitlines()[0].split("(")[1]
            assert figure(printed, "events") >= 6000
            assert figure(printed, "requested") > 0
            assert 0 < figure(printed, "calls") < 1000


@pytest.mark.usefixtures("here")
def test_allocators_are_compared_on_one_page(traced: str) -> None:
    recorded(traced, "threads", "2000")
    script("bad.c", "void abort(void); void* malloc(unsigned long n) { abort(); return 0; }")
    subprocess.run(["cc", "-shared", "-fPIC", "-w", "-o", "bad.so", "bad.c"], check=True)
    allocators = ["glibc", "./bad.so", "libtcmalloc_minimal.so.4"]
    words = [word for allocator in allocators for word in ("--allocator", allocator)]
    words[4:4] = ["--env", "A=<b>"]
    ended = fil_profile(
        *("--no-browser", "compare-allocators", "--repeat", "3", "--scale", "-o", "out", *words),
        "trace.filtrace",
        timeout=SECONDS,
    )
    assert ended.status == 0, ended.stderr
    assert b"bad.so A=<b> was not measured: it crashed: Aborted." in ended.stderr
    found = json.loads(Path("out/figures.json").read_text())["traces"][0]
    by_name = {one["name"]: one for one in found["allocators"]}
    assert by_name["bad.so A=<b>"] == {"name": "bad.so A=<b>", "failure": "it crashed: Aborted"}
    for name in ("glibc", "libtcmalloc_minimal.so.4"):
        median, low, high = by_name[name]["answers"]["time an event"]
        assert 0 < low <= median <= high
        assert len(by_name[name]["samples"]) > 100
        # What was asked for is the trace's, whatever the allocator.
        assert [one[2] for one in by_name[name]["samples"]] == [
            one[2] for one in by_name["glibc"]["samples"]
        ]
        assert by_name[name]["answers"]["page faults"][0] > 0
        assert 0 < by_name[name]["answers"]["system calls for memory"][0] < 1000
        assert by_name[name]["answers"]["time an event, 4 x threads"][0] > 0
    rows = list(csv.DictReader(Path("out/figures.csv").read_text().splitlines()))
    assert len(rows) == 2 * len(found["least"]) + 1
    page = Path("out/index.html").read_text()
    assert "bad.so A=&lt;b&gt; was not measured" in page and "<b>" not in page
    assert page.count('<path class="line"') == 4  # a curve and a key for each that was measured
    assert "<script" not in page and "http" not in page.replace("http-equiv", "")


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize("order", ["strict", "free"])
def test_a_replay_takes_as_long_as_the_program_where_its_time_is_kept(order: str) -> None:
    script(
        "rests.py",
        "import threading, time\n"
        "def work():\n"
        "    kept = bytearray(100_000)\n"
        "    time.sleep(0.4)\n"
        "    more = bytearray(200_000)\n"
        "other = threading.Thread(target=work)\n"
        "other.start()\n"
        "work()\n"
        "other.join()\n",
    )
    recorded(sys.executable, "rests.py")
    times = times_of("trace.filtrace")
    slept = [at for at, size in times if 200_000 <= size < 201_000]
    words = ("replay", "--order", order, "--think")
    for think in ("kept", "none"):
        ended = fil_profile(*words, think, "trace.filtrace", timeout=SECONDS)
        assert ended.status == 0, ended.stderr
        printed = ended.stdout.decode()
        assert ("ns of processors an event" in printed) == (think == "kept")
        # Never shorter: so much is no matter of how busy the machine is.
        if think == "kept":
            assert figure(printed, "time") >= (slept[-1] - times[0][0]) / 1000 - 0.001
        assert figure(printed, "events") > 100


@pytest.mark.usefixtures("here")
def test_what_is_asked_for_wrongly_is_said_in_a_line() -> None:
    said = {
        ("record",): "what should be recorded? (see fil-profile record --help)",
        ("record", "--sample", "0", "ls"): "--sample: '0' is not how many blocks one is kept of",
        ("record", "--x", "ls"): "record has no option --x (see fil-profile record --help)",
        ("replay",): "replay takes one trace (see fil-profile replay --help)",
        ("replay", "--touch", "it", "a"): "--touch takes no 'it'",
        ("replay", "--think", "it", "a"): "--think takes no 'it'",
        ("replay", "--env", "A", "a"): "--env: 'A' is not NAME=VALUE",
        ("replay", "--allocator"): "--allocator needs a value",
        (
            "compare-allocators",
        ): "compare-allocators takes one trace or more (see fil-profile compare-allocators --help)",
        ("compare-allocators", "--repeat", "x", "a"): "--repeat: 'x' is no such number",
        ("understand",): "understand takes one trace (see fil-profile understand --help)",
        ("understand", "-o", "x.pdf", "a"): "-o: 'x.pdf' ends neither in .html nor in .json",
        (
            "understand",
            "--touch",
            "all",
            "a",
        ): "understand has no option --touch (see fil-profile understand --help)",
        ("synthesize", "a"): "synthesize needs -o FILE.cpp or -o FILE.filtrace",
    }
    for words, line in said.items():
        ended = fil_profile(*words, timeout=SECONDS)
        assert (ended.status, ended.stderr.decode()) == (2, f"=fil-profile= {line}\n")
    for verb in ("record", "replay", "understand", "synthesize", "compare-allocators"):
        ended = fil_profile(verb, "--help", timeout=SECONDS)
        assert ended.status == 0 and f"Usage: fil-profile {verb}".encode() in ended.stdout
        assert all(len(line) <= 92 for line in ended.stdout.decode().splitlines())


@pytest.mark.usefixtures("here")
def test_a_report_is_of_any_moment_of_a_trace() -> None:
    """Lines and bytes are those of the moment, and of the peak where none is named."""
    script(
        "steps.py",
        "import time\n"
        "first = bytearray(20 << 20)\n"
        "time.sleep(1.5)\n"
        "second = bytearray(30 << 20)\n"
        "time.sleep(1.5)\n"
        "del first\n"
        "time.sleep(1.5)\n",
    )
    recorded(sys.executable, "steps.py")

    def lines_at(*options: str) -> dict[int, int]:
        told = fil_profile(
            "report", "--format", "json", *options, "trace.filtrace", timeout=SECONDS
        )
        assert told.status == 0, told.stderr
        report = json.loads(told.stdout)
        assert any("This is of a trace, " in note for note in report["notes"])
        return {
            one["line"]: one["bytes"] >> 20 for one in report["lines"] if one["bytes"] > 1 << 20
        }

    ends = [one for one in times_of("trace.filtrace") if one[1] >= 20 << 20]
    first, second, gone = (milliseconds / 1000 for milliseconds, _ in ends[:3])
    assert lines_at("--at", str(first + 0.7)) == {2: 20}
    assert lines_at("--at", str(second + 0.7)) == {2: 20, 4: 30}
    assert lines_at("--at", str(gone + 0.7)) == {4: 30}
    assert lines_at() == {2: 20, 4: 30}
    nothing = fil_profile("report", "--at", "1", "steps.py", timeout=SECONDS)
    assert nothing.status == 2
    assert nothing.stderr == b'=fil-profile= cannot read "steps.py": it is no trace\n'


def times_of(trace: str) -> list[tuple[int, int]]:
    """Of each event of a block: its millisecond, and the block's size."""
    printed = fil_profile("replay", "--print", trace, timeout=SECONDS).stdout.decode()
    sizes, found = {}, []
    for line in printed.splitlines()[1:]:
        words = line.split("\t")
        if words[2] in ("malloc", "realloc"):
            sizes[words[4]] = int(words[5])
            found.append((int(words[1]), int(words[5])))
        elif words[2] == "free":
            found.append((int(words[1]), sizes.pop(words[3])))
    return found


@pytest.mark.usefixtures("here")
def test_what_is_never_touched_is_not_touched_by_a_replay() -> None:
    """64 MiB are asked for by malloc, calloc and mmap each, of which 2 MiB are used."""
    script(
        "asks.c",
        "#include <stdlib.h>\n#include <string.h>\n#include <sys/mman.h>\n#include <unistd.h>\n"
        "int main(int argc, char **argv) {\n"
        "    size_t all = 64 << 20, used = 2 << 20;\n"
        "    char *blocks[] = {malloc(all), calloc(1, all),\n"
        "        mmap(0, all, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)};\n"
        "    for (int i = 0; i < 3; i++) memset(blocks[i], 1, used);\n"
        "    if (argc > 1) { usleep(700000); _exit(0); }\n"
        "    free(blocks[0]); free(blocks[1]); munmap(blocks[2], all);\n"
        "}\n",
    )
    subprocess.run(["cc", "-w", "-fno-builtin", "asks.c", "-o", "asks"], check=True)
    for ends in ([], ["with", "all", "there"]):
        recorded("./asks", *ends)
        printed = fil_profile("replay", "trace.filtrace", timeout=SECONDS).stdout.decode()
        assert figure(printed, "requested") >= 192
        assert 5.5 < figure(printed, "resident") < 10, ends
        # What nobody asked for is no less than nothing, however much was asked for and not used.
        assert -0.1 <= float(printed.split("inside of blocks, ")[1].split()[0]) < 4


@pytest.mark.usefixtures("here")
def test_a_study_says_what_a_program_does_with_memory() -> None:
    script(
        "study.py",
        "kept = []\n"
        "for i in range(20_000):\n"
        "    bytearray(1000)\n"
        "    if i % 100 == 0:\n"
        "        kept.append(bytearray(50_000))\n"
        "del kept\n",
    )
    recorded(sys.executable, "study.py")
    told = fil_profile("understand", "--json", "trace.filtrace", timeout=SECONDS)
    assert told.status == 0, told.stderr
    study = json.loads(told.stdout)
    lines = {Path(one["line"]).name: one for one in study["lines"]}
    temporary = lines["study.py:3"]
    assert temporary["blocks"] >= 20_000 and temporary["bytes"] >= 20_000 * 1000
    # An object and its bytes: the one that comes last goes before anything else is asked for.
    assert temporary["temporary"] >= 0.3 * temporary["blocks"]
    assert temporary["peak"] < 100_000
    assert 200 * 50_000 <= lines["study.py:5"]["peak"] < 1.1 * 200 * 50_000
    assert study["peak"] >= 200 * 50_000
    most = max(study["moments"], key=lambda one: one["live"])
    assert {Path(line).name: held for line, held in most["held"]}["study.py:5"] > 150 * 50_000
    assert sum(count for count, _ in study["sizes"]) == study["blocks"][0]
    text = fil_profile("understand", "trace.filtrace", timeout=SECONDS).stdout.decode()
    assert "temporary: their thread frees them before it asks for another" in text
    assert "study.py:5" in text
    page = fil_profile(
        "--no-browser", "understand", "-o", "study.html", "trace.filtrace", timeout=SECONDS
    )
    assert page.status == 0, page.stderr
    html = Path("study.html").read_text()
    assert "study.py:5" in html and "http" not in html.replace("http-equiv", "")


@pytest.mark.usefixtures("here")
def test_code_without_a_name_that_a_library_executes_is_no_line_of_the_users(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Path("site-packages").mkdir()
    script(
        "site-packages/sitecustomize.py", "exec('held = [bytearray(1000) for _ in range(3000)]')\n"
    )
    script("user.py", "pass\n")
    monkeypatch.setenv("PYTHONPATH", str(Path("site-packages").absolute()))
    recorded(sys.executable, "user.py")
    told = fil_profile("understand", "--json", "trace.filtrace", timeout=SECONDS)
    lines = {one["line"]: one["peak"] for one in json.loads(told.stdout)["lines"]}
    assert lines["no line of your own"] > 3_000_000
    assert not any("<string>" in line for line in lines)


@pytest.mark.usefixtures("here")
def test_a_producer_and_its_consumer_are_seen(traced: str) -> None:
    recorded(traced, "threads", "2000")
    told = fil_profile("understand", "--json", "trace.filtrace", timeout=SECONDS)
    study = json.loads(told.stdout)
    assert study["handed_over"][0] >= 2000
    assert sum(count for _, _, count, _ in study["hand_overs"]) == study["handed_over"][0]


@pytest.mark.usefixtures("here")
def test_a_synthetic_trace_has_the_sizes_and_the_curve_and_no_name() -> None:
    script(
        "secret.py",
        "import random\n"
        "random.seed(1)\n"
        "kept = {}\n"
        "for i in range(30_000):\n"
        "    kept[random.randrange(4000 if i < 15_000 else 900)] = bytearray(600 + i % 900)\n"
        "big = [bytearray(3 << 20) for _ in range(3)]\n",
    )
    recorded(sys.executable, "secret.py", "--password=sesame")
    for name in ("made.filtrace", "made.cpp"):
        made = fil_profile("synthesize", "-o", name, "trace.filtrace", timeout=SECONDS)
        assert made.status == 0, made.stderr
        for word in (b"secret", b"sesame", b"python"):
            assert word not in Path(name).read_bytes()
    subprocess.run(["c++", "-O1", "-std=c++17", "-pthread", "made.cpp", "-o", "made"], check=True)
    recorded("./made", options=("-o", "bench.filtrace"))

    def study_of(trace: str) -> dict:
        told = fil_profile("understand", "--json", trace, timeout=SECONDS)
        assert told.status == 0, told.stderr
        return json.loads(told.stdout)

    # Small objects are in arenas, in both.
    printed = fil_profile("replay", "trace.filtrace", timeout=SECONDS).stdout.decode()
    again = fil_profile("replay", "made.filtrace", timeout=SECONDS).stdout.decode()
    for name in ("requested", "resident"):
        assert figure(again, name) == pytest.approx(figure(printed, name), rel=0.05)
    made, bench = study_of("made.filtrace"), study_of("bench.filtrace")
    assert made["blocks"][0] > 30_000
    assert bench["blocks"][0] == pytest.approx(made["blocks"][0], rel=0.02)
    assert made["sizes"][11] == pytest.approx(sizes_of("trace.filtrace", 11), rel=0.01)


def sizes_of(trace: str, size_class: int) -> list[int]:
    """How many blocks of malloc are above 2^(k-1) and up to 2^k, and their bytes."""
    sizes = [
        one.bytes
        for one in events(trace)
        if one.what in ("malloc", "realloc")
        and one.layer == 0
        and 1 << (size_class - 1) < one.bytes <= 1 << size_class
    ]
    return [len(sizes), sum(sizes)]


@pytest.mark.usefixtures("here")
def test_whose_blocks_keep_pages_that_are_nearly_empty_is_said_by_line() -> None:
    """One block in sixteen stays, of a function of its own, when most is resident."""
    script(
        "sparse.c",
        "#include <stdlib.h>\n#include <string.h>\n"
        "__attribute__((noinline)) void *stays(void) { return memset(malloc(500), 1, 500); }\n"
        "__attribute__((noinline)) void *passes(void) { return memset(malloc(500), 1, 500); }\n"
        "void *all[32000];\n"
        "int main(void) {\n"
        "    for (int i = 0; i < 32000; i++) all[i] = i % 16 ? passes() : stays();\n"
        "    for (int i = 0; i < 32000; i++) if (i % 16) free(all[i]);\n"
        "    memset(malloc(30 << 20), 1, 30 << 20);\n"
        "}\n",
    )
    subprocess.run(
        ["cc", "-O1", "-g", "-w", "-fno-builtin", "sparse.c", "-o", "sparse"], check=True
    )
    recorded("./sparse")
    told = fil_profile("replay", "--pages", "trace.filtrace", timeout=SECONDS)
    assert told.status == 0, told.stderr
    lines = told.stdout.decode().splitlines()
    [head] = [line for line in lines if line.startswith("half empty")]
    # 16 MB of blocks, a page of each eight blocks: half of them keep one that stays.
    assert 1900 < int(head.split()[2]) < 4200
    size, unit, share, _, *where = lines[lines.index("") + 1].split()
    assert unit == "MiB" and 5 < float(size) < 16
    assert float(share) > 90
    assert "sparse.c:3" in where[0] and "stays" in where[-1]


@pytest.mark.usefixtures("here")
def test_a_traced_program_in_a_sandbox_is_not_harmed() -> None:
    """Its filter kills it for a call that it does not make itself: to wait, say, or mincore."""
    source = str(PROGRAMS / "sandboxed.c")
    subprocess.run(["cc", "-O1", "-w", "-pthread", source, "-o", "sandboxed"], check=True)
    for what in ("work", "threads", "mappings"):
        ended = fil_profile("--quiet", "record", "./sandboxed", "prctl", what, timeout=SECONDS)
        assert (ended.status, ended.stdout) == (0, b"confined\ndone\n"), ended.stderr
        assert len(events()) > 200
