"""The Fil memory profiler: which lines of a program hold its memory at the peak.

`filprofiler.api` profiles parts of a program, `%load_ext filprofiler` cells of a notebook, and
`python -m filprofiler` is the command `fil-profile`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

__all__ = ["__version__", "load_ipython_extension"]

__version__ = "0.1.0"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """`%load_ext filprofiler`."""
    from ._ipython import load

    load(shell)
