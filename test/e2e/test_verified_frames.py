"""Some of CPython's own tests with every stack walked twice and compared: see verify_frames.py."""

from __future__ import annotations

import pytest
from pythons import Interpreter, find
from verify_frames import build, has_tests, verify


@pytest.fixture(scope="module")
def verifying_build() -> None:
    build()


@pytest.mark.slow
@pytest.mark.timeout(2000)
@pytest.mark.parametrize("interpreter", find(), ids=str)
@pytest.mark.parametrize("module", ["test_generators", "test_coroutines", "test_frame"])
def test_every_stack_is_the_same_by_a_second_walk(
    module: str, interpreter: Interpreter, verifying_build: None
) -> None:
    if not has_tests(interpreter):
        pytest.skip(f"{interpreter.path} has no tests of its own")
    verified = verify(interpreter, module)
    assert verified.is_good, verified.output
    assert verified.compared > 10_000
