"""Programs of several processes, whose truth is known: the report is of all of them, at the moment
of their peak together; and its page shows each, equal ones as one, or all together."""

from __future__ import annotations

import subprocess
import sys

import pytest
from command import profiled, script
from conservation import model_of
from profiling import MIB

POOL = """
    import multiprocessing, sys
    def work(barrier):
        block = bytearray(b"1") * (20 << 20)
        barrier.wait()
        return len(block)
    if __name__ == "__main__":
        mine = bytearray(b"2") * (50 << 20)
        context = multiprocessing.get_context(sys.argv[1])
        barrier = context.Barrier(3)
        workers = [context.Process(target=work, args=(barrier,)) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
"""


def line_of(model: dict, place: str) -> int:
    file, _, number = place.partition(":")
    return sum(
        line["bytes"]
        for line in model["lines"]
        if line["file"].endswith(file) and line["line"] == int(number)
    )


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_the_workers_of_a_pool_are_in_the_report(here, method):
    run = profiled(script("pool.py", POOL), method)
    model = model_of(run.report)
    facts = model["facts"]
    assert line_of(model, "pool.py:4") == pytest.approx(60 * MIB, abs=MIB // 4)
    assert line_of(model, "pool.py:8") == pytest.approx(50 * MIB, abs=MIB // 4)
    assert not any(line["file"] == "<string>" for line in model["lines"]), "nobody wrote that"
    assert facts["equals"] == ["workers of pool.py"]
    workers = [one for one in facts["processes"] if one["equals"] == 0]
    assert [one["bytes"] >= 20 * MIB for one in workers] == [True] * 3
    (program,) = [one for one in facts["processes"] if one["name"] == f"python pool.py {method}"][
        :1
    ]
    assert 50 * MIB <= program["bytes"] < 65 * MIB
    tops = {stack[0] for stack in run.callstacks}
    assert {f"{one['name']} (pid {one['pid']})" for one in workers} <= tops
    answer = run.stderr.decode()
    assert "in 3 workers of pool.py" in answer


def test_of_a_shell_that_runs_a_python_the_lines_are_pythons(here):
    script("child.py", "def held():\n    return bytearray(b'1') * (60 << 20)\nkept = held()\n")
    script("job.sh", f"x=1\n{sys.executable} child.py --token=secret\nexit 0\n")
    run = profiled("/bin/sh", "job.sh")
    model = model_of(run.report)
    assert line_of(model, "child.py:2") == pytest.approx(60 * MIB, abs=MIB // 4)
    heaviest = model["facts"]["processes"][0]
    assert heaviest["name"] == "python child.py --token=***"
    source = next(line["source"] for line in model["lines"] if line["line"] == 2)
    assert source.strip() == "return bytearray(b'1') * (60 << 20)"
    assert model["facts"]["runtime"].startswith("CPython")


def test_of_a_python_that_runs_a_native_program_its_functions_are_named(here):
    script(
        "grid.c",
        """
        #include <stdlib.h>
        #include <string.h>
        char *fill(void) { return memset(malloc(40 << 20), 1, 40 << 20); }
        int main(void) { return fill() == 0; }
        """,
    )
    subprocess.run(["cc", "-g", "-O0", "grid.c", "-o", "grid"], check=True)
    name = script(
        "runs.py",
        "import subprocess\nkept = bytearray(b'1') * (30 << 20)\nsubprocess.run(['./grid'])\n",
    )
    model = model_of(profiled(name).report)
    assert line_of(model, "grid.c:4") == pytest.approx(40 * MIB, abs=4096)
    assert line_of(model, "runs.py:2") == pytest.approx(30 * MIB, abs=MIB // 4)
    assert [one["name"] for one in model["facts"]["processes"]] == ["grid", "python runs.py"]


AFTER = """
    import subprocess, sys
    kept = bytearray(b"1") * (10 << 20)
    child = "block = bytearray(b'1') * (80 << 20)"
    subprocess.run([sys.executable, "-c", child])
    for _ in range(20):
        subprocess.run(["/bin/true"])
    more = bytearray(b"1") * (int(sys.argv[1]) << 20)
"""


def test_what_a_child_held_at_the_peak_stays_after_its_end(here):
    model = model_of(profiled(script("after.py", AFTER), "5").report)
    held = {one["name"].split(" = ")[0]: one["bytes"] for one in model["facts"]["processes"]}
    assert held["python -c block"] >= 80 * MIB and held["python after.py 5"] >= 10 * MIB
    assert model["facts"]["others"]["count"] == 20
    assert line_of(model, "<string>:1") == pytest.approx(80 * MIB, abs=MIB // 4)


def test_a_higher_peak_is_of_those_that_are_there_then(here):
    run = profiled(script("after.py", AFTER), "150")
    facts = model_of(run.report)["facts"]
    assert [one["name"] for one in facts["processes"]] == ["python after.py 150"]
    assert facts["others"]["count"] == 21 and facts["others"]["most"] >= 80 * MIB
    assert not any("(pid " in stack[0] for stack in run.callstacks)


def test_what_a_forked_child_inherits_is_counted_once(here):
    code = """
        import os, signal, time
        kept = bytearray(b"1") * (100 << 20)
        reader, writer = os.pipe()
        children = []
        for _ in range(3):
            children.append(os.fork())
            if children[-1] == 0:
                own = bytearray(b"2") * (5 << 20)
                kept[:10] = b"0" * 10
                os.write(writer, b"x")
                time.sleep(60)
        os.read(reader, 1), os.read(reader, 1), os.read(reader, 1)
        more = bytearray(b"3") * (1 << 20)
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
    """
    model = model_of(profiled(script("forks.py", code)).report)
    assert 116 * MIB <= model["facts"]["peak"] < 122 * MIB
    assert line_of(model, "forks.py:3") == pytest.approx(100 * MIB, abs=MIB // 4)
    assert line_of(model, "forks.py:9") == pytest.approx(15 * MIB, abs=MIB // 4)


OUTLIVES = """
    import os, random, time
    mine = bytearray(20 << 20)
    for number in range(3):
        if os.fork() == 0:
            for descriptor in range(3):
                os.close(descriptor)
            choose, kept, end = random.Random(number), [], time.monotonic() + 5
            while time.monotonic() < end:
                kept.append(bytearray(choose.randrange(4 << 20)))
                if len(kept) > 8:
                    kept.pop(choose.randrange(8))
            os._exit(0)
    time.sleep(0.2)
"""


def test_of_children_that_outlive_the_program_one_peak_is_told_everywhere(here):
    run = profiled(script("outlives.py", OUTLIVES))  # what is said is compared with the page there,
    facts = model_of(run.report)["facts"]  # and the page with its graph when the test has ended
    assert facts["peak"] > 30 * MIB and len(facts["processes"]) >= 3
    assert b"still running" in run.stderr


def test_children_can_be_left_out(here):
    from command import fil_profile
    from profiling import reports_in

    name = script("pool.py", POOL)
    ended = fil_profile(
        *["--no-children", "--no-browser", "-o", "out", "--python", sys.executable],
        *["run", name, "fork"],
    )
    assert ended.status == 0
    assert b"=fil-profile= 3 child processes were left out (--no-children).\n" in ended.stderr
    (report,) = reports_in("out")
    model = model_of(report)
    assert line_of(model, "pool.py:4") == 0 and model["facts"]["processes"] == []
    assert 50 * MIB <= model["facts"]["peak"] < 60 * MIB
    assert model["facts"]["exact"]["leftOut"] == 3 and model["facts"]["exact"]["refused"] == 0


# ---- the page, of a made-up recording


@pytest.fixture
def processes(browser, report):
    browser.open(report("processes") / "index.html")
    return browser


def boxes(browser) -> list[str]:
    """Those below the root."""
    texts = browser.run(
        "return [...document.querySelectorAll('#graph .row')]"
        ".filter((row) => row.style.top !== '0px').slice(0, 1)"
        ".flatMap((row) => [...row.children].map((box) => box.textContent))"
    )
    return [text.split("\n")[0] for text in texts]


def test_each_process_has_a_box_and_a_row(processes):
    assert len(boxes(processes)) == 7
    assert boxes(processes)[0].startswith("python pool.py (pid 6)")
    rows = processes.all(".processes .line")
    assert len(rows) == 5 and "own peak 44.0 MiB at 310 ms" in rows[0].text
    assert "27 others held nothing at that moment" in processes.text("#processes")
    assert "peak of 7 processes together" in processes.text(".peak").replace("\n", " ")


def test_equal_processes_are_one_or_all_are_together(processes):
    processes.click(processes.one("label:has(#by-workers)"))
    assert boxes(processes) == ["6 \u00d7 python worker.py --number #", "python pool.py (pid 6)"]
    processes.click(processes.one("label:has(#by-together)"))
    assert [text.split()[0] for text in boxes(processes)] == ["load", "<module>"]
    assert processes.run("return location.hash") == "#by=together"
    processes.run("history.back()")
    processes.settle()
    assert len(boxes(processes)) == 2


def test_one_process_alone_has_its_own_graph_and_lines(browser, report):
    browser.open(report("processes") / "index.html", "#pid=9")
    assert boxes(browser)[0].startswith("load")
    assert "worker.py:5" in browser.text("#lines") and "pool.py:3" not in browser.text("#lines")
    assert browser.one("#lines h2").text.startswith("Your lines of python worker.py --number 9")
    assert not browser.one("#by").is_displayed()
    pressed = browser.one(".processes [aria-pressed=true]")
    assert "pid 9" in pressed.text
    browser.click(pressed)
    assert len(boxes(browser)) == 7 and browser.run("return location.hash") == ""


def test_processes_of_one_pid_are_chosen_apart(browser, report):
    """Programs of two containers, added up: each is process 1 there."""
    browser.open(report("sum") / "index.html")
    for name, line, other in [
        ("train", "train.py:2", "load.py"),
        ("load", "load.py:2", "train.py"),
    ]:
        (row,) = [row for row in browser.all(".processes button.line") if name in row.text]
        browser.click(row)
        assert line in browser.text("#lines")
        assert other not in browser.text("#lines")
        (pressed,) = browser.all(".processes [aria-pressed=true]")
        assert name in pressed.text
        browser.open(report("sum") / "index.html", browser.run("return location.hash"))
        assert line in browser.text("#lines")  # sent as an address
        browser.click(browser.one(".processes [aria-pressed=true]"))


def test_one_process_has_no_table_and_no_switch(browser, report):
    browser.open(report("pandas") / "index.html")
    assert not browser.one("#processes").is_displayed()
    assert not browser.one("#by").is_displayed()
