"""What a fit of torch, xgboost and lightgbm holds stands at the line that asked for it, as large as
the library's own numbers say it is; what passed is gone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from profiling import MIB, ROOT
from test_allocators import notes_of
from test_data_libraries import PLAIN, assert_resident_is_explained, bytes_at, run_job

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

NEEDED = ["numpy==2.4.6", "torch==2.15.0", "xgboost==3.2.0", "lightgbm==4.7.0"]


@pytest.fixture(scope="module")
def python() -> Path:
    """Of an environment that has them, of gigabytes; made once."""
    folder = ROOT / "build" / "venvs" / "training"
    python, stamp = folder / "bin" / "python", folder / "made"
    if not stamp.exists() or stamp.read_text() != str(NEEDED):
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *NEEDED], check=True)
        stamp.write_text(str(NEEDED))
    return python


# Adam keeps two numbers for each of the model's, and how many steps it took. The layers' results
# are gone when the gradients are there.
TORCH = """
def made_model(torch):
    n = torch.nn
    sizes = [n.Linear(1024, 4096), n.ReLU(), n.Linear(4096, 2048), n.ReLU(), n.Linear(2048, 10)]
    return n.Sequential(*sizes)
def made_loss(torch, model):
    x, y = torch.randn(256, 1024), torch.randint(0, 10, (256,))
    return torch.nn.functional.cross_entropy(model(x), y)
def made_gradients(loss):
    loss.backward()
def made_state(optimizer):
    optimizer.step()
def fit(torch, model):
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(4):
        optimizer.zero_grad()
        made_gradients(made_loss(torch, model))
        made_state(optimizer)
    return optimizer
def passing(torch):
    fit(torch, made_model(torch))
def bytes_of(tensors):
    return sum(one.numel() * one.element_size() for one in tensors)
def work():
    import torch
    model = made_model(torch)
    optimizer = fit(torch, model)
    passing(torch)
    numbers = list(model.parameters())
    states = [tensor for state in optimizer.state.values() for tensor in state.values()]
    return (model, optimizer), json.dumps({
        "made_model": bytes_of(numbers), "made_state": bytes_of(states),
        "made_gradients": bytes_of(one.grad for one in numbers)})
"""

TABLE = """
def made_table(numpy):
    return numpy.random.default_rng(7).random((300_000, 30), dtype="f4")
def made_labels(table):
    return (table[:, 0] + table[:, 1] > 1).astype("f4")
def passing(library, table, labels):
    fit(library, made_matrix(library, table, labels))
"""
# A value with its column's number takes 8 bytes, a row its begin and label. From the first fit on
# there is a byte a value besides, by rows and by columns, and for a row what is foretold of it and
# where in the tree it is.
XGBOOST = (
    TABLE
    + """
def made_matrix(xgboost, table, labels):
    return xgboost.DMatrix(table, labels, nthread=1)
def fit(xgboost, matrix):
    return xgboost.train({"nthread": 1, "objective": "binary:logistic"}, matrix, 5)
def work():
    import numpy, xgboost
    table = made_table(numpy)
    labels = made_labels(table)
    matrix = made_matrix(xgboost, table, labels)
    booster = fit(xgboost, matrix)
    passing(xgboost, table, labels)
    values, rows = matrix.num_nonmissing(), matrix.num_row()
    return (table, labels, matrix, booster), json.dumps({
        "made_table": table.nbytes, "made_labels": labels.nbytes,
        "made_matrix": values * 8 + rows * 12, "fit": values * 2 + rows * 12})
"""
)
# A byte a value, and each row's label: the library's, and Python's.
LIGHTGBM = (
    TABLE
    + """
ONE = {"num_threads": 1, "verbose": -1, "force_col_wise": True}
def made_matrix(lightgbm, table, labels):
    return lightgbm.Dataset(table, labels, params=ONE).construct()
def fit(lightgbm, matrix):
    return lightgbm.train({"objective": "binary", **ONE}, matrix, 5)
def work():
    import numpy, lightgbm
    table = made_table(numpy)
    labels = made_labels(table)
    matrix = made_matrix(lightgbm, table, labels)
    booster = fit(lightgbm, matrix)
    passing(lightgbm, table, labels)
    rows = matrix.num_data()
    return (table, labels, matrix, booster), json.dumps({
        "made_table": table.nbytes, "made_labels": labels.nbytes,
        "made_matrix": rows * (matrix.num_feature() + 8)})
"""
)


@pytest.mark.parametrize("text", [TORCH, XGBOOST, LIGHTGBM], ids=["torch", "xgboost", "lightgbm"])
def test_what_a_fit_holds_is_found_at_the_line_that_asked(
    text: str, python: Path, tmp_path: Path
) -> None:
    # MKL keeps what it worked with, at the line of the first product.
    frugal = {"MKL_DISABLE_FAST_MM": "1"}
    profiled = run_job(tmp_path, "import json\n" + text + PLAIN, python, **frugal)
    assert (profiled.status, profiled.own_stderr) == (0, b""), profiled.stderr.decode()
    told = json.loads(profiled.stdout)
    total = sum(told.values())
    assert total > 40 * MIB
    for function, bytes in told.items():
        found = bytes_at(profiled, f"({function})")
        assert found == pytest.approx(bytes, rel=0.02), function
    assert bytes_at(profiled, "(passing)") < total / 50
    assert bytes_at(profiled, "(made_loss)") < total / 50
    assert notes_of(profiled) == []
    assert_resident_is_explained(profiled)
