"""Notebooks: the kernel "Python 3 with Fil", %load_ext filprofiler and %%filprofile.

A real notebook is executed by the real kernel; what it exports to is opened in Chromium.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import time
from pathlib import Path

import jupyter_client
import jupyter_client.kernelspec
import pytest
from browser import Browser
from command import is_alive, wait_until
from nbconvert import HTMLExporter
from notebooks import (
    BINDINGS,
    execute,
    folded,
    graphs,
    outputs,
    reports,
    text,
    wait_for_boxes,
)
from profiling import THREAD_POOLS
from short_of_memory import bytes_at, report_in

WORK = """\
%%filprofile
def work():
    return bytearray(30 << 20)  # the heavy line
kept = [work()]
len(kept[0])
"""


def test_the_kernel_has_its_name():
    spec = json.loads((BINDINGS / "kernel" / "kernel.json").read_text())
    assert spec["display_name"] == "Python 3 with Fil"
    assert spec["language"] == "python"


def test_a_cell_shows_its_value_and_its_graph_and_keeps_its_variables(kernels):
    load, cell, after = execute(
        "%load_ext filprofiler", WORK, "print(len(kept), work.__name__)"
    ).cells
    assert load.outputs == []
    assert [o.data["text/plain"] for o in outputs(cell, "execute_result")] == [str(30 << 20)]
    assert len(graphs(cell)) == 1
    assert outputs(cell, "error") == []
    assert text(cell, "stderr") == ""
    assert text(after) == "1 work\n"
    heaviest = max(folded(*reports()).splitlines(), key=lambda line: int(line.rpartition(" ")[2]))
    frames = heaviest.rpartition(" ")[0].split(";")
    assert [frame.rpartition(":")[2] for frame in frames[:2]] == ["4 (<module>)", "3 (work)"]


def test_the_exported_page_holds_the_graph_with_the_cells_source(
    kernels, browser: Browser, monkeypatch
):
    monkeypatch.setenv("JPY_SESSION_NAME", "/somewhere/some work.ipynb")  # as Jupyter Server does
    notebook = execute("%load_ext filprofiler", WORK)
    for report in reports():  # self-contained: the page needs none of it
        for file in report.iterdir():
            file.unlink()
    page, _ = HTMLExporter().from_notebook_node(notebook)
    Path("notebook.html").write_text(page)
    browser.driver.get(Path("notebook.html").resolve().as_uri())
    browser.driver.get_log("browser")
    frame = browser.one("iframe")
    browser.driver.execute_script("arguments[0].scrollIntoView()", frame)
    browser.driver.switch_to.frame(frame)
    try:
        wait_for_boxes(browser)
        boxes = browser.boxes()
        assert any("work" in box for box in boxes)
        assert "the heavy line" in browser.one("body").text
        assert browser.one("body").text.startswith("some work.ipynb, In [2]\n")
        box = next(box for box in browser.all(".box") if "work" in box.text)
        browser.click(box)
        assert "work" in browser.one("body").text
    finally:
        browser.driver.switch_to.default_content()
    ours = [line for line in browser.complaints() if "srcdoc" in line]
    assert ours == []


def test_a_cell_that_raises_keeps_its_variables_and_shows_its_graph(kernels):
    raising = "%%filprofile\nfirst = bytearray(20 << 20)\n1 / 0\nnever = 1"
    _, cell, after = execute(
        "%load_ext filprofiler", raising, "print(len(first), 'never' in dir())"
    ).cells
    (error,) = outputs(cell, "error")
    assert error.ename == "ZeroDivisionError"
    assert "filprofiler" not in "".join(error.traceback)
    assert len(graphs(cell)) == 1
    assert text(after) == f"{20 << 20} False\n"


def test_a_cell_may_await_at_top_level_and_contain_magics(kernels):
    code = """%%filprofile
import asyncio
loop = asyncio.get_running_loop()
await asyncio.sleep(0)
async def load():
    await asyncio.sleep(0)
    return bytearray(25 << 20)
kept = await load()
%env FIL_TEST=1
len(kept)"""
    _, cell, after = execute("%load_ext filprofiler", code, "print(len(kept))").cells
    assert outputs(cell, "error") == []
    assert outputs(cell, "execute_result")[0].data["text/plain"] == str(25 << 20)
    assert text(after) == f"{25 << 20}\n"
    heaviest = max(folded(*reports()).splitlines(), key=lambda line: int(line.rpartition(" ")[2]))
    frames = [frame.rpartition(":")[2] for frame in heaviest.rpartition(" ")[0].split(";")]
    assert frames[1] == "7 (load)"
    assert frames[0].startswith("8 (")


def test_it_stands_above_and_below_other_cell_magics(kernels):
    above = "%%filprofile\n%%time\na = bytearray(20 << 20)"
    below = "%%time\n%%filprofile\nb = bytearray(20 << 20)"
    _, first, second, after = execute(
        "%load_ext filprofiler", above, below, "print(len(a) + len(b))"
    ).cells
    for cell in (first, second):
        assert outputs(cell, "error") == []
        assert len(graphs(cell)) == 1
        assert "Wall time" in text(cell)
    assert text(after) == f"{40 << 20}\n"


def test_other_cells_are_not_profiled_and_several_are_each_for_itself(kernels):
    notebook = execute("%load_ext filprofiler", WORK, "x = bytearray(50 << 20)", WORK)
    _, first, between, second = notebook.cells
    assert (len(graphs(first)), len(graphs(between)), len(graphs(second))) == (1, 0, 1)
    for report in reports():
        total = sum(
            int(line.rpartition(" ")[2])
            for line in (report / "peak-memory.prof").read_text().splitlines()
        )
        assert 30 << 20 <= total < 40 << 20


def test_jupyter_offers_the_kernel_by_its_name(kernels):
    """What both Notebook and JupyterLab fill their menus with."""
    offered = jupyter_client.kernelspec.KernelSpecManager().get_all_specs()
    names = {spec["spec"]["display_name"] for spec in offered.values()}
    assert "Python 3 with Fil" in names
    assert offered["filprofile"]["spec"]["language"] == "python"  # so a notebook can change to it


def test_a_notebook_of_another_kernel_is_switched_to_ours_as_it_is(kernels):
    cells = ["import sys\nx = 6 * 7", "print(x, sys.flags.dev_mode, sys.gettrace())"]
    plain = execute(*cells, kernel="python3")
    ours = execute(*cells)
    assert text(ours.cells[1]) == text(plain.cells[1]) == "42 False None\n"


def test_thread_pools_are_off_in_a_profiled_cell_only(kernels, monkeypatch):
    for name in THREAD_POOLS:
        monkeypatch.delenv(name, raising=False)
    show = "print(sorted({pool['num_threads'] for pool in threadpoolctl.threadpool_info()}))"
    _, _, before, inside, after = execute(
        "%load_ext filprofiler",
        "import numpy, threadpoolctl\nlimits = threadpoolctl.threadpool_limits(4)",
        show,
        "%%filprofile\n" + show,
        show,
    ).cells
    assert [text(cell) for cell in (before, inside, after)] == ["[4]\n", "[1]\n", "[4]\n"]


@contextlib.contextmanager
def running_kernel(kernels: Path, kernel: str = "filprofile", **how):
    """A kernel that has loaded the extension, if it is ours, and who speaks to it."""
    manager = jupyter_client.KernelManager(kernel_name=kernel)
    manager.start_kernel(cwd=str(kernels), **how)
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=120)
        if kernel == "filprofile":
            client.execute_interactive("%load_ext filprofiler", timeout=60)
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_a_cell_can_be_interrupted(kernels):
    with running_kernel(kernels) as (manager, client):
        code = "%%filprofile\nimport time\nkept = bytearray(9 << 20)\nprint('go')\ntime.sleep(300)"
        messages = []

        def hear(message) -> None:
            messages.append(message)
            if message["content"].get("text") == "go\n":
                manager.interrupt_kernel()

        reply = client.execute_interactive(code, timeout=120, output_hook=hear)
        assert reply["content"]["ename"] == "KeyboardInterrupt"
        assert any(message["msg_type"] == "display_data" for message in messages)
        reply = client.execute_interactive("assert len(kept) == 9 << 20", timeout=60)
        assert reply["content"]["status"] == "ok"


# Two children that say in a file which signals they get, and one that dies of the first.
CHILDREN = '''\
import os, signal, subprocess, sys, time
code = """
import os, signal, sys, time
log = open(sys.argv[1], "a", buffering=1)
name = sys.argv[2]
if name != "dies":
    signal.signal(signal.SIGINT, lambda *_: print(name, "got SIGINT", file=log))
kept = bytearray(5 << 20)
print(name, "is", os.getpid(), file=log)
while True: time.sleep(0.01)
"""
children = [
    subprocess.Popen([sys.executable, "-c", code, "log", name], stderr=subprocess.DEVNULL)
    for name in ("one", "two", "dies")
]
while not os.path.exists("log") or open("log").read().count(" is ") < 3: time.sleep(0.01)
print("go", flush=True)
time.sleep(300)
'''


@pytest.mark.slow
def test_children_of_a_cell_live_through_interrupt_and_restart_as_without_us(kernels):
    outcomes = []
    for kernel, magic in (("python3", ""), ("filprofile", "%%filprofile\n")):
        log = kernels / "log"
        log.unlink(missing_ok=True)
        said = []
        with running_kernel(kernels, kernel) as (manager, client):

            def hear(message, manager=manager, said=said) -> None:
                said.append(message["content"].get("text", ""))
                if said[-1] == "go\n":
                    manager.interrupt_kernel()

            reply = client.execute_interactive(magic + CHILDREN, timeout=120, output_hook=hear)
            assert reply["content"]["ename"] == "KeyboardInterrupt"
            pids = dict(re.findall(r"(\w+) is (\d+)", log.read_text()))
            states = "children[2].wait(30); print([child.poll() for child in children])"
            client.execute_interactive(states, timeout=60, output_hook=hear)
            manager.restart_kernel(now=True)
            time.sleep(0.5)
            left = {name for name, pid in pids.items() if is_alive(int(pid))}
            got = sorted(re.findall(r"(\w+) got SIGINT", log.read_text()))
            for name in left:
                os.kill(int(pids[name]), signal.SIGKILL)
        outcomes.append((got, left, [text for text in said if "None" in text]))
    assert outcomes[0] == outcomes[1]
    assert outcomes[0][0] == ["one", "two"] and outcomes[0][2] == ["[None, None, -2]\n"]
    assert len(reports()) == 1


def test_a_cell_that_runs_out_of_memory_ends_the_kernel_and_leaves_its_report(kernels):
    code = "%%filprofile\nheld = bytearray(9 << 20)\nmore = bytearray(2**50)"
    # Under pytest a kernel leaves its standard error where it is; elsewhere it is a pipe to itself.
    elsewhere = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    with (
        Path("errors").open("w") as errors,
        running_kernel(kernels, stderr=errors, env=elsewhere) as (manager, client),
    ):
        outside = "try: bytearray(2**50)\nexcept MemoryError: pass"
        assert client.execute_interactive(outside, timeout=60)["content"]["status"] == "ok"
        client.execute(code)
        wait_until(lambda: not manager.is_alive(), "the kernel ends")
    (report,) = reports()
    callstacks = report_in(report)
    assert bytes_at(callstacks, "In [3]:3 (<module>)") == pytest.approx(2**50, abs=1000)
    assert bytes_at(callstacks, "In [3]:2 (<module>)") == pytest.approx(9 << 20, abs=1000)
    said = Path("errors").read_text()  # where the notebook server's own messages are
    assert "exiting soon: a request for 1.0 PiB failed" in said
    assert str(report.resolve() / "index.html") in said


def test_another_kernel_says_which_one_to_choose(kernels):
    (cell,) = execute("%load_ext filprofiler", kernel="python3").cells
    said = text(cell, "stderr") + "".join(
        "".join(error.traceback) for error in outputs(cell, "error")
    )
    for words in ("UsageError", "Fil kernel", "Change Kernel"):
        assert words in said
