"""One text for a size, wherever it is told: the page's and the notebook's, of the cases that the
C++ tests of the report and of the command read too."""

from __future__ import annotations

import sys

import pytest
from profiling import ROOT

CASES = [
    (int(size), text)
    for size, _, text in (
        line.partition("\t")
        for line in (ROOT / "test/report/golden/sizes.tsv").read_text().splitlines()
    )
]


@pytest.fixture
def package(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "bindings" / "python"))
    yield
    for name in [name for name in sys.modules if name.startswith("filprofiler")]:
        del sys.modules[name]


def test_the_notebook_tells_sizes_as_the_command_does(package):
    from filprofiler._sizes import size_text

    assert len(CASES) > 20
    assert [(size, size_text(size)) for size, _ in CASES] == CASES


def test_the_page_tells_sizes_as_the_command_does(browser):
    script = (ROOT / "lib/report/assets/text.js").read_text()
    told = browser.run(
        script + "return arguments[0].map((size) => mib(Number(size)));",
        [str(size) for size, _ in CASES],
    )
    assert [text.replace("\u00a0", " ") for text in told] == [text for _, text in CASES]
