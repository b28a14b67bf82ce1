"""Where a recording or a report is refused by the system, that is said: none looks like 0 bytes."""

from __future__ import annotations

import pytest
from command import PROFILED, profiled, script
from profiling import Profiled, run_plain


def limited(here, ulimit: str) -> Profiled:
    script("x.py", "block = bytes(50_000_000)\nraise SystemExit(7)")
    ended = run_plain(["bash", "-c", f'ulimit {ulimit}; "$@"', "bash", *PROFILED, "x.py"])
    return Profiled(ended.status, ended.stdout, ended.stderr, here / "out")


@pytest.mark.parametrize("ulimit", ["-f 2048", "-S -f 100", "-S -f 1024"])
def test_files_that_may_not_grow_do_not_keep_a_program_from_being_recorded(here, ulimit):
    ended = limited(here, ulimit)
    assert ended.status == 7
    assert ended.callstacks["x.py:1 (<module>)",] >= 50_000_000


def test_a_report_that_may_not_be_written_is_a_sentence(here):
    ended = limited(here, "-f 10")
    assert ended.status == 7
    assert b"The report could not be made: cannot write a report" in ended.stderr
    assert b"File too large (ulimit -f)" in ended.stderr
    assert b"Peak memory was" not in ended.stderr


def test_who_has_no_room_for_a_recording_is_named(here):
    ended = profiled("/bin/sh", "-c", "ulimit -v 5500; exec /bin/echo done")
    assert (ended.status, ended.stdout) == (0, b"done\n")
    assert b"1 process was not recorded, since the system refused mmap" in ended.stderr


def test_who_cannot_see_the_session_is_told_how_that_comes(here):
    """As Chromium puts its renderers into the folder in /proc of a process that is gone, and into a
    network of their own."""
    script(
        "x.py",
        """
        import ctypes, os
        holder = os.fork() or os.read(os.pipe()[0], 1)
        if os.fork() == 0:
            try:
                os.chroot(f"/proc/{holder}")
            except PermissionError:
                os._exit(1)
            if ctypes.CDLL(None).unshare(0x40000000) != 0:  # CLONE_NEWNET
                os._exit(1)
            os.kill(holder, 9)
            if os.fork() == 0:
                held = bytes(1_000_000)
                os._exit(0)
            os._exit(os.waitstatus_to_exitcode(os.wait()[1]))
        statuses = sorted(os.wait()[1] for _ in range(2))
        raise SystemExit(7 if statuses == [0, 9] else 8)
        """,
    )
    ended = profiled("x.py")
    if ended.status == 8:
        pytest.skip("chroot and networks are root's")
    assert ended.status == 7
    assert b"1 process was not recorded, since fil-profile's socket is out of sight" in ended.stderr
    assert b"a sandbox" in ended.stderr
