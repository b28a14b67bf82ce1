"""What people start processes with: the report says who held what at the peak (meeting.py).

Slow, and skipped where a package is not there: FIL_FRAMEWORKS names a Python that has them
(joblib, dask, distributed, gunicorn, uvicorn, celery, pytest-xdist, torch, ray, uv, numpy, pandas).
"""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from command import SECONDS
from meeting import Kind, Meeting, check_kind
from profiling import run_plain

PYTHON = os.environ.get("FIL_FRAMEWORKS", sys.executable)
BIN = Path(PYTHON).parent

PANDAS = """
    import os
    import numpy as np, pandas as pd
    from concurrent.futures import ProcessPoolExecutor
    from meet import MIB, arrive
    def load(part):
        table = pd.DataFrame({"x": np.full(30 * MIB // 8, part, dtype="int64")}, copy=False)
        arrive()
        return int(table.x.sum())
    if __name__ == "__main__":
        mine = np.ones(50 * MIB // 8)
        with ProcessPoolExecutor(3) as pool:
            print(sum(pool.map(load, range(3))) >= 0)
"""

JOBLIB = """
    import joblib
    import numpy as np
    from meet import MIB, arrive
    def work(part):
        block = np.ones(30 * MIB // 8)
        arrive()
        return part
    if __name__ == "__main__":
        mine = np.ones(40 * MIB // 8)
        print(joblib.Parallel(n_jobs=3)(joblib.delayed(work)(i) for i in range(3)))
"""

DASK = """
    import numpy as np
    from dask.distributed import Client, LocalCluster
    from meet import MIB, arrive
    def work(part):
        block = np.ones(40 * MIB // 8)
        arrive()
        return part
    if __name__ == "__main__":
        mine = np.ones(60 * MIB // 8)
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            with Client(cluster) as client:
                print(client.gather(client.map(work, range(2))))
"""

TORCH = """
    import torch
    from torch.utils.data import DataLoader, Dataset
    from meet import MIB, arrive
    class Rows(Dataset):
        def __init__(self):
            self.rows = torch.ones(50 * MIB // 4)
        def __len__(self):
            return 2
        def __getitem__(self, i):
            row = torch.ones(30 * MIB // 4)
            arrive()
            return i
    if __name__ == "__main__":
        for batch in DataLoader(Rows(), num_workers=2):
            print(batch)
"""

RAY = """
    import os, ray
    import numpy as np
    from meet import MIB, arrive
    @ray.remote
    def work(part):
        block = np.ones(40 * MIB // 8)
        arrive()
        return part
    mine = np.ones(60 * MIB // 8)
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=80 << 20)
    print(ray.get([work.remote(i) for i in range(2)]))
    ray.shutdown()
"""

WSGI = """
    from meet import MIB, arrive
    shared = bytearray(20 * MIB)
    def app(environment, start):
        block = bytearray(40 * MIB)
        arrive()
        start("200 OK", [("Content-Length", "2")])
        return [b"ok"]
"""

ASGI = """
    from meet import MIB, arrive
    async def app(scope, receive, send):
        if scope["type"] != "http":
            return
        block = bytearray(40 * MIB)
        arrive()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"ok"})
"""

TESTS = """
    from meet import MIB, arrive
    def test_one():
        block = bytearray(40 * MIB)
        arrive()
    def test_two():
        block = bytearray(50 * MIB)
        arrive()
"""

TASKS = """
    import os
    from celery import Celery
    from meet import MIB, arrive
    at = os.environ["MEETING"] + "-broker"
    os.makedirs(at, exist_ok=True)
    app = Celery("tasks", broker="filesystem://")
    app.conf.broker_transport_options = {
        "data_folder_in": at, "data_folder_out": at, "control_folder": at + "-control"}
    shared = bytearray(20 * MIB)
    @app.task
    def work():
        block = bytearray(40 * MIB)
        arrive()
"""

SCRIPT = """
    from meet import MIB, arrive
    block = bytearray(60 * MIB)
    arrive()
    print("done")
"""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Requests:
    """So many, each once the one before has arrived at a worker."""

    def __init__(self, port: int, count: int):
        self.port, self.count, self.threads = port, count, []

    def __call__(self, meeting: Meeting) -> None:
        for i in range(self.count):
            self.threads.append(threading.Thread(target=self.ask))
            self.threads[-1].start()
            meeting.wait_for(i + 1)

    def ask(self) -> None:
        for _ in range(SECONDS * 20):
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
                connection.request("GET", "/")
                connection.getresponse().read()
                return
            time.sleep(0.05)

    def end(self, meeting: Meeting) -> None:
        for thread in self.threads:
            thread.join()
        meeting.process.terminate()


def send_tasks(meeting: Meeting) -> None:
    code = "import tasks; [tasks.work.delay() for _ in range(2)]"
    sent = run_plain([PYTHON, "-c", code], env=meeting.variables)
    assert sent.status == 0, sent.stderr


def terminate(meeting: Meeting) -> None:
    time.sleep(1)  # the tasks end
    meeting.process.terminate()


def served(name: str, command: list[str], port: int, held: dict, files: dict) -> Kind:
    requests = Requests(port, 2)
    return Kind(
        name,
        command,
        held,
        2,
        files,
        meanwhile=requests,
        at_the_end=requests.end,
        comparable=lambda _: b"",
    )


def kinds() -> list[tuple[str, Kind]]:
    ports = free_port(), free_port()
    gunicorn = [str(BIN / "gunicorn"), "-w", "2", "-b", f"127.0.0.1:{ports[0]}", "wsgi:app"]
    uvicorn = [str(BIN / "uvicorn"), "--workers", "2", "--port", str(ports[1]), "asgi:app"]
    celery = [str(BIN / "celery"), "-A", "tasks", "worker", "--pool", "prefork", "-c", "2"]
    uv = [str(BIN / "uv"), "run", "--offline", "--no-project", "--python", PYTHON, "prog.py"]
    xdist = ["-m", "pytest", "-q", "-n", "2", "-p", "no:cacheprovider", "test_rows.py"]
    return [
        (
            "pandas",
            Kind(
                "pandas, ProcessPoolExecutor",
                ["prog.py"],
                {"prog.py:6": [30, 30, 30], "prog.py:10": [50]},
                3,
                {"prog.py": PANDAS},
                "workers of prog.py",
            ),
        ),
        (
            "joblib",
            Kind(
                "joblib, loky",
                ["prog.py"],
                {"prog.py:5": [30, 30, 30], "prog.py:9": [40]},
                3,
                {"prog.py": JOBLIB},
            ),
        ),
        (
            "distributed",
            Kind(
                "dask, LocalCluster",
                ["prog.py"],
                {"prog.py:5": [40, 40], "prog.py:9": [60]},
                2,
                {"prog.py": DASK},
                "workers of prog.py",
            ),
        ),
        (
            "torch",
            Kind(
                "torch, DataLoader",
                ["prog.py"],
                {"prog.py:6": [50], "prog.py:10": [30, 30]},
                2,
                {"prog.py": TORCH},
                "workers of prog.py",
            ),
        ),
        (
            "ray",
            Kind(
                "ray",
                ["prog.py"],
                {"prog.py:6": [40, 40], "prog.py:9": [60]},
                2,
                {"prog.py": RAY},
            ),
        ),
        (
            "gunicorn",
            served(
                "gunicorn -w 2",
                gunicorn,
                ports[0],
                {"wsgi.py:2": [20, 20], "wsgi.py:4": [40, 40]},
                {"wsgi.py": WSGI},
            ),
        ),
        (
            "uvicorn",
            served(
                "uvicorn --workers 2",
                uvicorn,
                ports[1],
                {"asgi.py:5": [40, 40]},
                {"asgi.py": ASGI},
            ),
        ),
        (
            "celery",
            Kind(
                "celery, prefork",
                celery,
                {"tasks.py:9": [20], "tasks.py:12": [40, 40]},
                2,
                {"tasks.py": TASKS},
                meanwhile=send_tasks,
                at_the_end=terminate,
                comparable=lambda _: b"",
            ),
        ),
        (
            "xdist",
            Kind(
                "pytest -n 2",
                xdist,
                {"test_rows.py:3": [40], "test_rows.py:6": [50]},
                2,
                {"test_rows.py": TESTS},
                comparable=lambda out: re.sub(rb"in [\d.]+s", b"", out),
            ),
        ),
        ("uv", Kind("uv run", uv, {"prog.py:2": [60]}, 1, {"prog.py": SCRIPT})),
    ]


KINDS = [kind for _, kind in kinds()]


@pytest.mark.slow
@pytest.mark.parametrize("module, kind", kinds(), ids=lambda it: it if isinstance(it, str) else "")
def test_the_report_says_who_held_what(module, kind, here):
    if subprocess.run([PYTHON, "-c", f"import {module}"], capture_output=True).returncode != 0:
        pytest.skip(f"{module} is not there")
    assert check_kind(kind, PYTHON).wrong == []
