"""`fil-profile doctor`: whether and how a program would be recorded, without running it."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path

import pytest
from command import executable, fil_profile, script
from profiling import FIL_PROFILE, PROGRAMS, Ended, run_plain


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def rows(told: Ended) -> dict[str, str]:
    lines = told.stdout.decode().splitlines()
    return {line[:14].strip(): line[14:] for line in lines}


def doctor(*words: str, **how) -> Ended:
    return fil_profile("--python", sys.executable, "doctor", *words, **how)


def test_a_python_script_is_not_run_and_its_python_is_tried(folder: Path) -> None:
    script("train.py", "open('ran', 'w')")
    told = doctor("train.py", "--epochs", "3")
    assert (told.status, told.stderr) == (0, b"")
    assert rows(told)["program"] == f"train.py, a Python script, run by {sys.executable}"
    version = ".".join(map(str, sys.version_info[:3]))
    assert rows(told)["recorded"] == f"yes, with the callstacks of CPython {version}"
    assert rows(told)["reports go to"] == str(folder / "fil-result")
    assert "OMP_NUM_THREADS=1" in rows(told)["set for it"]
    assert sorted(path.name for path in folder.iterdir()) == ["train.py"]


def test_a_python_that_is_too_old_says_what_will_be_missing(folder: Path) -> None:
    """The shim of pyenv: a shell that becomes Python."""
    old = next(Path.home().glob(".pyenv/versions/3.8.*/bin/python"), None)
    if old is None:
        pytest.skip("no Python before 3.9 is here")
    executable("shim", f'#!/bin/sh\nexec {old} "$@"\n')
    script("train.py", "")
    told = fil_profile("--python", "./shim", "doctor", "train.py")
    assert "older than 3.9: its callstacks are not recorded" in rows(told)["recorded"]


def test_a_native_program() -> None:
    told = doctor("/bin/cat")
    assert (told.status, told.stderr) == (0, b"")
    assert rows(told)["program"] == "/bin/cat, a native program"
    assert rows(told)["recorded"] == "yes"


def test_a_script_is_what_its_first_line_names() -> None:
    executable("job", f"#!{sys.executable}\nprint('ran')\n")
    executable("job.sh", "#!/bin/sh\necho ran\n")
    job, shell = fil_profile("doctor", "./job"), fil_profile("doctor", "./job.sh")
    assert rows(job)["program"].startswith("./job, a Python script, run by ")
    assert "CPython" in rows(job)["recorded"]
    assert rows(shell)["program"] == "./job.sh, a script, run by /bin/sh"
    assert rows(shell)["recorded"] == "yes"


def test_what_run_would_refuse_is_refused_in_the_same_words(tmp_path: Path) -> None:
    (tmp_path / "a.c").write_text("int main(void) { return 0; }")
    subprocess.run(["cc", "-static", "a.c", "-o", "static"], check=True)
    for words in (["./static"], ["nothing.py"], []):
        told, ran = doctor(*words), fil_profile("run", *words)
        assert told.stderr == ran.stderr
        assert told.status == ran.status != 0


def test_an_environment_in_which_nothing_can_be_recorded(tmp_path: Path) -> None:
    subprocess.run(["cc", PROGRAMS / "deny.c", "-o", "deny"], check=True)
    told = run_plain(["./deny", "connect", "EACCES", str(FIL_PROFILE), "doctor", "/bin/cat"])
    assert told.status == 1
    assert rows(told)["recorded"] == "no: the system refused connect: Permission denied"


def test_a_limit_of_address_space_is_named() -> None:
    def some_address_space() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))

    told = doctor("/bin/cat", preexec_fn=some_address_space)
    assert rows(told)["limit"].startswith("address space is limited to 3,072.0 MiB (ulimit -v)")


def test_few_descriptors_are_named_and_may_be_more_later() -> None:
    def some(soft: int, hard: int):
        return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    told = doctor("/bin/cat", preexec_fn=some(10, 10))
    assert told.status == 1
    assert rows(told)["recorded"] == "no: too few files may be open at a time (ulimit -n: 10)"
    assert told.stderr == b""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert doctor("/bin/cat", preexec_fn=some(15, hard)).status == 0


def test_a_python_that_is_none_has_no_callstacks_of_its_own(folder: Path) -> None:
    script("train.py", "")
    told = fil_profile("--python", "/bin/bash", "doctor", "train.py")
    assert rows(told)["recorded"].startswith("yes, by native callstacks only: no CPython")


def test_a_folder_that_cannot_be_written_to() -> None:
    told = fil_profile("-o", "/proc/reports", "doctor", "/bin/cat")
    assert told.status == 1
    assert rows(told)["reports"].startswith("cannot write reports into /proc/reports")
