"""The IPython extension: `%load_ext filprofiler`, then `%%filprofile` at the top of a cell.

The cell is left to IPython, which runs it as any other: its variables stay, its last expression is
displayed, it may `await`, contain magics and be interrupted. Only its first line is replaced, by a
call that begins a run; the run ends when the cell has been executed, however that went.
"""

from __future__ import annotations

import linecache
import os
import sys
import tempfile
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from IPython import get_ipython
from IPython.core.error import UsageError
from IPython.core.magic import register_cell_magic
from IPython.display import display

from ._run import Run, attached

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

MAGIC = "%%filprofile"
BEGIN = '__import__("filprofiler._ipython")._ipython.begin()\n'
REPORTS = Path("fil-result")
HEIGHT = 860  # the head, the lines and a graph of some depth
OTHER_KERNEL = """\
In order to use Fil, you need to run your notebook with the Fil kernel.

You can change the kernel via the 'Change Kernel' option at the bottom of the Kernel menu: \
choose "Python 3 with Fil".

({reason})"""

_run: Run | None = None


def load(shell: InteractiveShell) -> None:
    """Gives the shell `%%filprofile`, if it runs under the kernel that can."""
    try:
        attached()
    except RuntimeError as error:
        raise UsageError(OTHER_KERNEL.format(reason=error)) from None
    if begin_in_first_line in shell.input_transformers_cleanup:
        return
    shell.input_transformers_cleanup.insert(0, begin_in_first_line)
    shell.events.register("post_execute", end)

    @register_cell_magic
    def filprofile(_line: str, cell: str) -> None:
        """Profile the memory of a cell: what it holds at its peak, and which lines asked for it."""
        begin()
        shell.run_cell(cell)


def begin_in_first_line(lines: list[str]) -> list[str]:
    """Keeps the number of lines, so that a line's number is still the notebook's."""
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        rest = lines[number + 1 :]
        is_ours = line.split()[0] == MAGIC
        # Above another cell magic, ours is one as well.
        if is_ours and not "".join(rest).lstrip().startswith("%%"):
            return [*lines[:number], BEGIN, *rest]
        return lines
    return lines


def begin() -> None:
    """Called by the cell: callstacks begin in its file."""
    global _run
    REPORTS.mkdir(exist_ok=True)
    run = Run(tempfile.mkdtemp(prefix="tmp", dir=REPORTS))
    caller = sys._getframe(1).f_code.co_filename
    show_magic_again(caller)
    run.begin("" if caller == __file__ else caller, title=cell_title())
    _run = run


def cell_title() -> str:
    """As the notebook shows it: "flights.ipynb, In [2]". Only Jupyter Server names the notebook."""
    notebook = Path(os.environ.get("JPY_SESSION_NAME", "")).name
    cell = f"In [{get_ipython().displayhook.prompt_count}]"  # whenever it counts cells
    return f"{notebook}, {cell}" if notebook.endswith(".ipynb") else cell


def show_magic_again(file: str) -> None:
    """What tracebacks and the report show of the cell's first line. It must stay Python's."""
    entry = linecache.cache.get(file)
    if entry is not None and len(entry) == 4:
        lines = [f"# {MAGIC}\n" if line == BEGIN else line for line in entry[2]]
        linecache.cache[file] = (*entry[:2], lines, entry[3])


def end() -> None:
    """A cell was executed. Whether it was a profiled one shows in whether a run is on."""
    global _run
    run, _run = _run, None
    if run is None:
        return
    try:
        run.end()
    except RuntimeError as error:
        print(f"=fil-profile= {error}", file=sys.stderr)
        return
    page = (run.path / "index.html").read_text(encoding="utf-8")
    display(
        {
            "text/plain": f"Peak memory: {run.peak_bytes / 2**20:.1f} MiB",
            "text/html": f'<div><iframe srcdoc="{escape(page)}" width="100%" height="{HEIGHT}" '
            'style="border: 0" sandbox="allow-scripts allow-popups"></iframe></div>',
        },
        raw=True,
    )
