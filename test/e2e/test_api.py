"""filprofiler.api: parts of a program, profiled for themselves."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path

import pytest
from command import script, wait_until
from parts import (
    callstacks,
    facts,
    in_python,
    large,
    name_of,
    python,
    run_work,
    with_watcher,
    with_work,
)
from profiling import MIB, PREFIX


def test_a_call_is_profiled_into_the_directory_and_its_value_passed_on(here):
    assert run_work("print(profile(work, 'a/b'))") == f"{20 << 20}\n"
    assert large("a/b") == {("5 work", "3 inner"): 20}
    page = Path("a/b/index.html").read_text()
    assert '"kind":"unknown"' in page.replace(" ", "")  # the program goes on, the part has ended


def test_the_root_of_every_callstack_is_the_callable(here):
    run_work("def main():\n    profile(lambda: work(), 'out')\nmain()")
    roots = {name_of(frames[0]) for frames in callstacks("out") if "[" not in frames[0]}
    assert roots == {"9 <lambda>"}


def test_exceptions_pass_through_and_there_is_a_report(here):
    code = """
        def fail():
            kept = inner()
            raise KeyError("mine")
        try:
            profile(fail, "out")
        except KeyError as error:
            print(error)
    """
    assert run_work(code) == "'mine'\n"
    assert large("out") == {("10 fail", "3 inner"): 20}


def test_several_calls_do_not_disturb_each_other_and_what_is_kept_is_not_counted_again(here):
    code = """
        kept = []
        for number in range(3):
            profile(lambda: kept.append(bytearray((number + 1) << 20)), f"out{number}")
        def free_all_then_work():
            global before
            kept.clear(); before = None
            return bytearray(7 << 20)
        profile(free_all_then_work, "last")
    """
    run_work(code)
    sizes = [sum(large(f"out{number}").values()) for number in range(3)]
    assert sizes == [1, 2, 3]
    assert large("last") == {("15 free_all_then_work",): 7}


def test_a_nested_or_overlapping_run_raises_and_the_first_goes_on(here):
    code = """
        import threading
        def outer():
            try: profile(work, "inner")
            except RuntimeError as error: print(error)
            def other():
                try: profile(work, "other")
                except RuntimeError as error: print(type(error).__name__)
            thread = threading.Thread(target=other); thread.start(); thread.join()
            return inner()
        print(len(profile(outer, "outer")))
        print(profile(work, "after"))
    """
    said = run_work(code).splitlines()
    assert "neither be nested nor overlap" in said[0]
    assert said[1:] == ["RuntimeError", str(20 << 20), str(20 << 20)]
    assert large("outer") == {("17 outer", "3 inner"): 20}
    assert not Path("inner").exists()
    assert not Path("other").exists()


@pytest.mark.parametrize("called", ["fil_run_begin", "fil_run_end"])
def test_an_interrupt_as_a_part_begins_or_ends_leaves_the_next_one_alone(called, here):
    code = f"""
        import sys
        from filprofiler._library import Library
        real, finders = Library._call, list(sys.meta_path)
        def call_and_interrupt(function, *structures):
            real(function, *structures)
            if function.__name__ == {called!r}:
                Library._call = staticmethod(real)
                raise KeyboardInterrupt
        Library._call = staticmethod(call_and_interrupt)
        try: profile(work, "out")
        except KeyboardInterrupt: print("interrupted", sys.meta_path == finders)
        profile(work, "out")
    """
    assert run_work(code) == "interrupted True\n"
    assert large("out") == {("5 work", "3 inner"): 20}


def test_threads_started_before_are_seen_each_rooted_at_its_target(here):
    code = """
        import threading
        go, done, kept = threading.Event(), threading.Event(), []
        def target():
            kept.append(bytearray(3 << 20))
            go.wait()
            kept.append(bytearray(5 << 20))
            done.set()
        thread = threading.Thread(target=target); thread.start()
        def release():
            go.set(); done.wait()
        profile(release, "out")
        thread.join()
    """
    run_work(code)
    assert large("out") == {("14 target",): 5}


def test_numbers_and_callstacks_are_plain_objects(here):
    code = """
        with profiling("out") as p:
            kept = inner()
            kept = None
            kept = bytearray(1 << 20)
        print(p.peak_bytes)
        top = p.result.callstacks[0]
        print(top.bytes, top.frames[0].function, top.frames[-1].line, top.frames[-1].function)
        print(p.result.to_json())
    """
    peak, top, as_json = run_work(code).splitlines()
    assert 20 * MIB <= int(peak) < 21 * MIB
    size, first, line, last = top.split()
    assert int(size) >= 20 * MIB
    assert (first, line, last) == ("<module>", "3", "inner")
    result = json.loads(as_json)
    assert result["peak_bytes"] == int(peak)
    assert result["callstacks"][0]["frames"][-1]["function"] == "inner"
    assert sum(callstack["bytes"] for callstack in result["callstacks"]) == sum(
        callstacks("out").values()
    )


def test_a_deep_recursion_takes_no_room_for_each_of_its_callstacks(here):
    """Written out, these would be 4.5 million frames."""
    code = """
        import json, sys, tracemalloc
        depth, kept = 3000, []
        steps = [f"def f{n}(): kept.append(bytearray(999)); f{n + 1}()" for n in range(depth)]
        exec(compile("\\n".join([*steps, f"def f{depth}(): pass"]), "chain.py", "exec"))
        sys.setrecursionlimit(2 * depth)
        with profiling("out") as p:
            f0()
        tracemalloc.start()
        result = p.result
        deepest = max(result.callstacks, key=lambda callstack: len(callstack.frames))
        print(len(deepest.frames), tracemalloc.get_traced_memory()[1] >> 20)
        text = result.to_json()
        print(len(text) >> 20)
        read = json.loads(text)["callstacks"]
        print(sum(callstack["bytes"] for callstack in read))
        frames = max((callstack["frames"] for callstack in read), key=len)
        print([frame["function"] for frame in frames if not frame["file"]])
        same = max(p.result.callstacks, key=lambda callstack: len(callstack.frames))
        print(repr(deepest).partition("=")[0], deepest == same, len({deepest, same}))
    """
    depth_and_size, written, bytes_written, left_out, last = run_work(code).splitlines()
    depth, size = map(int, depth_and_size.split())
    assert depth > 1500
    assert size < 15
    assert int(written) < 120
    listed = sum(callstacks("out").values())  # at least 99 % of them
    assert listed <= int(bytes_written) <= listed * 100 // 99
    assert re.fullmatch(r"\['\[\d+ frames\]'\]", left_out)
    assert last == "Callstack(bytes True 1"


def test_a_result_is_of_its_own_report_or_of_none(here):
    code = """
        with profiling("out") as first: kept = bytearray(3 << 20)
        with profiling("out") as second: kept = bytearray(5 << 20)
        print(second.result.callstacks[0].bytes >> 20, second.result is second.result)
        try: first.result
        except RuntimeError as error: print(error)
        import shutil
        shutil.rmtree("out")
        print(second.result.callstacks[0].bytes >> 20)
    """
    read, refused, again = run_work(code).splitlines()
    assert (read, again) == ("5 True", "5")
    assert "of a later part has taken its place" in refused


def test_a_function_that_yields_is_refused(here):
    code = """
        def numbers(): yield 1
        async def more(): yield 1
        for function in (numbers, more):
            try: profiling("out")(function)
            except TypeError as error: print(error)
    """
    said = run_work(code).splitlines()
    assert [line.split()[:2] for line in said] == [["numbers", "yields:"], ["more", "yields:"]]


def test_a_block_is_rooted_at_the_function_it_is_in(here):
    code = """
        def main():
            with profiling("out"):
                work()
                kept = inner()
        def caller():
            main()
        caller()
    """
    run_work(code)
    assert large("out") == {("12 main", "3 inner"): 20}


def test_nothing_is_known_before_the_end(here):
    code = """
        with profiling("out") as p:
            try: p.peak_bytes
            except RuntimeError as error: print(error)
    """
    assert "has ended" in run_work(code)


def test_a_decorated_function_writes_a_report_for_each_call(here):
    code = """
        @profiling("out")
        def decorated(size):
            "its words"
            return len(bytearray(size << 20))
        print(decorated(2), decorated(size=4), decorated.profiled.peak_bytes >> 20)
        print(decorated.__name__, decorated.__doc__)
    """
    assert run_work(code) == f"{2 << 20} {4 << 20} 4\ndecorated its words\n"
    assert large("out") == {("12 decorated",): 2}
    assert large("out-2") == {("12 decorated",): 4}


def test_async_functions_are_profiled_until_they_are_done(here):
    code = """
        import asyncio
        async def load(size):
            await asyncio.sleep(0)
            kept = bytearray(size << 20)
            await asyncio.sleep(0)
            return len(kept)
        @profiling("decorated")
        async def decorated():
            return await load(4)
        async def main():
            print(await profile(lambda: load(2), "lambda"))
            async def three(): return await load(3)
            print(await profile(three, "function"))
            print(await decorated())
            try:
                await asyncio.gather(profile(three, "one"), profile(three, "two"))
            except RuntimeError as error:
                print("refused")
        asyncio.run(main())
    """
    assert run_work(code) == f"{2 << 20}\n{3 << 20}\n{4 << 20}\nrefused\n"
    assert large("lambda") == {("12 load",): 2}
    assert large("function") == {("20 three", "12 load"): 3}
    assert large("decorated") == {("17 decorated", "12 load"): 4}


def test_a_forked_child_leaves_the_parents_run_alone(here):
    code = """
        import os
        with profiling("out") as p:
            child = os.fork()
            if child == 0:
                more = bytearray(90 << 20)
            else:
                kept = inner()
                os.waitpid(child, 0)
        if child == 0:
            os._exit(0)
        print(p.peak_bytes >> 20)
    """
    assert run_work(code) == "20\n"
    assert sum(large("out").values()) == 20


def test_a_program_that_dies_in_a_run_leaves_its_report(here):
    code = with_work("""
        import os, signal
        def die():
            kept = inner()
            os.kill(os.getpid(), signal.SIGKILL)
        profile(die, "out")
    """)
    assert python(script("x.py", code)).status == -signal.SIGKILL
    wait_until(lambda: Path("out/index.html").exists(), "the report")
    assert large("out") == {("11 die", "3 inner"): 20}


def test_a_report_that_cannot_be_written_is_an_error_but_not_in_place_of_the_programs(here):
    Path("file").touch()
    code = """
        try: profile(work, "file")
        except RuntimeError as error: print(error)
    """
    assert "could not be written" in run_work(code)
    code = with_work("profile(lambda: 1 / 0, 'file')")
    failed = python(script("x.py", code))
    assert failed.status == 1
    assert b"ZeroDivisionError" in failed.own_stderr.splitlines()[-1]
    assert PREFIX in failed.stderr


def test_the_source_of_code_that_is_in_no_file_is_shown(here):
    code = """
        import linecache, sys, zipfile
        text = "def made():\\n    return bytearray(3 << 20)  # out of nothing\\n"
        linecache.cache["<made>"] = (len(text), None, text.splitlines(keepends=True), "<made>")
        exec(compile(text, "<made>", "exec"))
        with zipfile.ZipFile("z.zip", "w") as z:
            z.writestr("zipped.py", "def go():\\n    return bytearray(2 << 20)  # in a zip\\n")
        sys.path.insert(0, "z.zip")
        import zipped
        def both():
            kept = made(), zipped.go()
        profile(both, "out")
    """
    run_work(code)
    page = Path("out/index.html").read_text()
    assert "# out of nothing" in page
    assert "# in a zip" in page


# ---- what was seen of it while it was on ---------------------------------------------------------


def test_memory_over_time_is_in_the_report(here):
    code = """
        import time
        held_before = b"x" * (40 << 20)
        def rises_and_falls():
            time.sleep(0.3)
            held = [b"x" * (30 << 20)]
            time.sleep(0.3)
            held.clear()
            time.sleep(0.3)
        profile(rises_and_falls, "out")
    """
    run_work(code)
    seen = facts("out")
    assert 0.9 <= seen["duration"] < 60
    # Between two looks; a busy machine may be late with them.
    assert 0.1 < seen["peak_seconds"] < seen["duration"] - 0.1
    assert seen["resident"]["total"] > 70 * MIB  # what the program held before is resident too
    assert (
        sum(seen["resident"][kind] for kind in ("anonymous", "file", "shared"))
        == (seen["resident"]["total"])
    )
    (whole,) = seen["samples"]
    allocated = [point["a"] for point in whole["points"]]
    assert max(allocated) >= 30 * MIB
    assert max(allocated[0], allocated[-1]) < MIB
    assert all(point["r"] > 40 * MIB for point in whole["points"])


def test_each_part_has_a_clock_of_its_own(here):
    code = """
        import time
        def slow(): time.sleep(0.5); return inner()
        profile(slow, "first")
        began = time.monotonic()
        profile(work, "second")
        print(time.monotonic() - began)
        profile(slow, "third")
    """
    longest = float(run_work(code))
    assert facts("second")["duration"] <= longest + 0.1
    assert facts("third")["duration"] >= 0.5
    assert 0.2 < facts("third")["peak_seconds"] <= facts("third")["duration"]


def test_a_part_that_was_over_before_anybody_looked_has_its_report_all_the_same(here):
    code = """
        import os, signal, subprocess
        pid = watcher()
        os.kill(pid, signal.SIGSTOP)
        later = subprocess.Popen(["sh", "-c", f"sleep 0.3; kill -CONT {pid}"])
        print(profile(work, "out"))
        later.wait()
    """
    assert in_python(with_watcher(code)) == f"{20 << 20}\n"
    assert large("out") == {("5 work", "3 inner"): 20}
    seen = facts("out")
    assert (seen["duration"], seen["resident"]["total"], seen["samples"]) == (0, 0, [])
