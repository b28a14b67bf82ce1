"""Programs that replace themselves, start others, or limit what they may use."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from command import profiled, script
from conservation import model_of
from profiling import FIL_PROFILE, MIB, ROOT, Profiled, run_plain

STATIC = Path(os.environ.get("FIL_BUILD", ROOT / "build")) / "test/preload/victims/static_program"


def facts(run) -> dict:
    return model_of(run.report)["facts"]


def test_a_program_that_execs_is_reported_by_the_image_that_held_the_peak(here):
    code = """
        import os, sys
        block = bytearray(30 << 20)
        os.execv(sys.executable, [sys.executable, "-c", "block = bytearray(%s << 20)"])
    """
    lower = profiled(script("lower.py", code % "10"))
    assert lower.peak >= 30 * MIB
    assert any("lower.py:3 (<module>)" in stack[-1] for stack in lower.callstacks)


def test_a_child_that_holds_the_memory_is_what_the_report_shows(here):
    # It stays until somebody has looked what its memory is made of.
    child = "block = bytearray(b'1') * (80 << 20); import time; time.sleep(1)"
    run = profiled(
        script(
            "parent.py",
            f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])\n",
        )
    )
    assert b"Peak memory of all processes together was " in run.stderr
    told = facts(run)
    assert [process["bytes"] > 80 * MIB for process in told["processes"]] == [True, False]
    assert told["peak"] >= run.peak > 80 * MIB
    names = [process["name"] for process in told["processes"]]
    assert names[0].startswith("python -c block = ") and names[1] == "python parent.py"
    assert told["exact"]["threads"] == 2 and told["exact"]["bound"] > 0
    resident = told["resident"]
    assert resident["total"] > 80 * MIB
    shown = sum(line["bytes"] for line in resident["lines"] if line["kind"] != "none")
    assert shown == resident["total"], "of both, and shared pages once"


# Starts children in every way there is, and says how many: each of them makes a block.
STARTS = """
    import multiprocessing, os, subprocess, sys
    def hold():
        return bytearray(100_000)
    if __name__ == "__main__":
        static = sys.argv[1]
        for _ in range(3):
            if os.fork() == 0:
                hold()
                os.execv("/bin/true", ["true"]) if len(sys.argv) > 2 else os._exit(0)
            os.wait()
        subprocess.run([sys.executable, "-S", "-c", "bytearray(100_000)"])
        subprocess.run(["/bin/sh", "-c", "/bin/true; /bin/true; exit 0"])
        subprocess.run([static], stdout=subprocess.DEVNULL)
        os.waitpid(os.posix_spawn(static, [static], os.environ), 0)
        child = multiprocessing.get_context("spawn").Process(target=hold)  # and its tracker
        child.start()
        child.join()
        print("started", 3 + 1 + 3 + 2 + 2)
"""


@pytest.mark.parametrize("words", [[], ["and exec"]])
def test_every_process_is_recorded_or_said_to_be_not(here, words):
    run = profiled(script("x.py", STARTS), str(STATIC), *words)
    told = facts(run)
    assert run.stdout.splitlines()[-1] == b"started 11"
    recorded = len(told["processes"]) + told["others"]["count"]
    unrecorded = told["exact"]["unprofiled"] + told["exact"]["sandboxed"]
    assert (recorded, unrecorded) == (1 + 9, 2)
    assert f"{unrecorded} child processes ran unrecorded" in run.stderr.decode()


def test_a_program_may_limit_its_own_address_space(here):
    name = script(
        "limited.py",
        """
        import resource
        resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))
        blocks = []
        try:
            while True:
                blocks.append(bytearray(10 << 20))
        except MemoryError:
            count = len(blocks)
            del blocks
        print(count >= 15)
        """,
    )
    plain = run_plain([sys.executable, name])
    options = ["--disable-oom-detection", "--no-browser", "-o", "out", "--python", sys.executable]
    ended = run_plain([str(FIL_PROFILE), *options, "run", name])
    run = Profiled(ended.status, ended.stdout, ended.stderr, Path("out"))
    assert plain.stdout == b"True\n"
    assert (run.status, run.stdout) == (plain.status, plain.stdout)
    assert run.peak >= 150 * MIB
