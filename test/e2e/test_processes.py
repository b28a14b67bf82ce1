"""Programs that replace themselves, start others, or limit what they may use."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

from command import profiled, script
from profiling import FIL_PROFILE, MIB, Profiled, run_plain


def facts(run) -> dict:
    page = (run.report / "index.html").read_text()
    model = re.search(r"<script[^>]*application/json[^>]*>(.*?)</script>", page, re.DOTALL)
    return json.loads(model[1])["facts"]


def test_a_program_that_execs_is_reported_by_the_image_that_held_the_peak(here):
    code = """
        import os, sys
        block = bytearray(30 << 20)
        os.execv(sys.executable, [sys.executable, "-c", "block = bytearray(%s << 20)"])
    """
    lower = profiled(script("lower.py", code % "10"))
    assert lower.peak >= 30 * MIB
    assert any("lower.py:3 (<module>)" in stack[-1] for stack in lower.callstacks)


def test_a_child_that_holds_the_memory_is_named_with_its_peak(here):
    child = "block = bytearray(b'1') * (80 << 20)"
    run = profiled(
        script(
            "parent.py",
            f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {child!r}])\n",
        )
    )
    assert b"Peak memory of all processes together was " in run.stderr
    told = facts(run)
    assert [process["peak"] > 80 * MIB for process in told["processes"]] == [True]
    assert told["exact"]["threads"] == 2 and told["exact"]["bound"] > 0
    assert told["resident"]["total"] == 0, "resident memory of all beside the bytes of one"


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
