"""The IPython extension: `%load_ext filprofiler`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


def load(shell: InteractiveShell) -> None:
    """Gives the shell `%%filprofile`, if it runs under the kernel that can."""
