"""The sources are laid out and spelled as `./dev check` wants them."""

from __future__ import annotations

import subprocess

from sources import ROOT


def test_dev_check_finds_nothing() -> None:
    done = subprocess.run([ROOT / "dev", "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
