"""Memory runs out while there are several processes: the report is of all of them, and its page is
the page."""

from __future__ import annotations

import pytest
from command import profiled, script
from conservation import model_of
from profiling import MIB, reports_in
from short_of_memory import Machine, bytes_at, memory_group, report_in

# Three workers hold 40, 60 and 80 MB; one asks for too much, or the machine is full.
POOL = """
    import multiprocessing, os, sys, time
    def hold(number):
        return bytearray(20_000_000 * number)
    def work(number, ready):
        os.close(keep), os.close(go)  # the parent alone has them: its end is the end of all
        held = hold(number)
        ready.release()
        os.read(begin if number == 4 else end, 1)
        more = bytearray(eval(sys.argv[1])) if number == 4 else None
        while number == 4 and os.getppid() == parent:
            block = bytearray(100_000)
            time.sleep(0.005)
    if __name__ == "__main__":
        fork = multiprocessing.get_context("fork")
        held = bytearray(30_000_000)
        ready, parent = fork.Semaphore(0), os.getpid()
        (begin, go), (end, keep) = os.pipe(), os.pipe()
        workers = [fork.Process(target=work, args=(n, ready)) for n in (2, 3, 4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            ready.acquire()
        {meanwhile}
        os.close(go)
        workers[2].join()
        os.close(keep)
        print(*[worker.join() or worker.exitcode for worker in workers])
"""
HELD = {2: 40_000_000, 3: 60_000_000, 4: 80_000_000}


def check_is_of_all(callstacks: dict[str, int]) -> None:
    assert bytes_at(callstacks, "x.py:4 (hold)") == pytest.approx(sum(HELD.values()), abs=5000)
    assert bytes_at(callstacks, "x.py:16 (<module>)") == pytest.approx(30_000_000, abs=5000)
    of_process = {stack.partition(";")[0] for stack in callstacks}
    assert len(of_process) == 4  # each below a frame that names it


def test_a_request_of_a_worker_that_fails_is_reported_with_what_all_hold(here):
    script("x.py", POOL.replace("{meanwhile}", ""))
    ended = profiled("x.py", "2**50")
    assert (ended.status, ended.stdout) == (0, b"0 0 53\n")
    first, last = reports_in("out")  # of the worker, and the program's own
    callstacks = report_in(first)
    asked = bytes_at(callstacks, "x.py:10 (work)")
    assert asked == pytest.approx(2**50, abs=5000)
    model = model_of(first)
    head = sum(model["tree"]["self"]) + model["hidden"]["bytes"]
    assert head == pytest.approx(sum(callstacks.values()) - asked, rel=0.01)
    assert model["facts"]["request"]["bytes"] == pytest.approx(2**50, abs=5000)
    (note,) = model["facts"]["notes"]
    assert "ran out of memory and was ended, with status 53; the program went on" in note
    assert model["facts"]["ending"]["kind"] == "running"
    notes = {process["note"]: process["bytes"] for process in model["facts"]["processes"]}
    assert notes["ran out of memory"] == pytest.approx(HELD[4], rel=0.1)
    held = sorted(process["bytes"] for process in model["facts"]["processes"])
    assert held == pytest.approx([30_000_000, *HELD.values()], rel=0.2)
    check_is_of_all({stack: size for stack, size in callstacks.items() if size < 2**40})
    assert model_of(last)["facts"]["moment"] == "peak"


def test_a_program_that_ends_for_want_of_memory_is_reported_with_its_workers(here):
    """Which end before the report is written, since their parent is gone."""
    script("x.py", POOL.replace("{meanwhile}", "bytearray(2**50)"))
    ended = profiled("x.py", "0")
    assert (ended.status, ended.stdout) == (53, b"")
    (folder,) = reports_in("out")
    callstacks = report_in(folder)
    assert bytes_at(callstacks, "x.py:24 (<module>)") == pytest.approx(2**50, abs=5000)
    check_is_of_all({stack: size for stack, size in callstacks.items() if size < 2**40})
    model = model_of(folder)
    assert model["facts"]["ending"] == {
        "kind": "oom",
        "value": 53,
        "text": "out of memory, exit 53",
    }


def test_on_a_full_machine_the_largest_ends_and_the_report_is_of_all(here, machine: Machine):
    script("x.py", POOL.replace("{meanwhile}", FILLS.format(root=machine.root)))
    ended = profiled("x.py", "0", env=machine.environment)
    assert (ended.status, ended.stdout) == (0, b"0 0 53\n")
    first, _ = reports_in("out")
    check_is_of_all(report_in(first))
    limit = model_of(first)["facts"]["limit"]
    assert limit == {"bytes": 400_000 * 1024, "name": "this machine\u2019s memory"}


FILLS = (
    "open('{root}/proc/meminfo', 'w').write('MemTotal: 400000 kB\\\\nMemAvailable: 90000 kB\\\\n')"
)


def test_workers_that_fill_a_control_group_are_reported_together(here):
    """A pool of which each fills what it can; the parent ends by the first that is lost."""
    script(
        "x.py",
        """
        import multiprocessing.connection, time
        def fill():
            held = []
            while True:
                held.append(b"x" * 2_000_000)
                time.sleep(0.02)
        workers = [multiprocessing.get_context("fork").Process(target=fill) for _ in range(3)]
        for worker in workers:
            worker.start()
        multiprocessing.connection.wait([worker.sentinel for worker in workers])
        for worker in workers:
            worker.kill()
        print(sorted(worker.join() or worker.exitcode for worker in workers))
        """,
    )
    with memory_group(400 * MIB) as enter:
        ended = profiled("x.py", preexec_fn=enter)
    assert (ended.status, ended.stdout) == (0, b"[-9, -9, 53]\n")
    first, *_ = reports_in("out")
    callstacks = report_in(first)
    assert 150 * MIB < bytes_at(callstacks, "x.py:6 (fill)") < 400 * MIB
    model = model_of(first)
    assert model["facts"]["limit"]["bytes"] == 400 * MIB
    assert model["facts"]["limit"]["name"].startswith("the control group ")
    assert sum(process["bytes"] > 30 * MIB for process in model["facts"]["processes"]) == 3
