"""What a notebook calls the code that it runs: "In [3]", where Python has /tmp/ipykernel_7/42.py.

IPython knows for each file name the cell that ran it last. Cells of equal text have one file name
between them, and the number is then that of the last: the notebook shows it, if it is one cell that
was run twice. Code that a cell runs through IPython (a notebook by `%run`, say) has lines of its
own and no number: it is "In [3] code 1", "In [3] code 2".
"""

from __future__ import annotations

import linecache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

MAGIC = "%%filprofile"
BEGIN = '__import__("filprofiler._ipython")._ipython.begin()\n'
# In the place of an empty line above the magic: IPython would take that away, and lines would have
# other numbers than in the notebook.
PLACEHOLDER = "# %%\n"


class Cells:
    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._within: dict[str, str] = {}  # by file
        self._seen: dict[str, object] = {}
        self._shown: dict[str, object] = {}
        somewhere = shell.compile.get_code_name("", "", 0)
        self._prefix = somewhere[: somewhere.rfind("/") + 1] or "<ipython-input-"

    @property
    def running(self) -> int:
        return len(self._shell.history_manager.input_hist_raw) - 1

    def note(self) -> None:
        """Some code was executed: what is new, or there anew, belongs to the running cell."""
        for file, entry in [*linecache.cache.items()]:
            if not self.is_code_of_cells(file) or self._seen.get(file) is entry:
                continue
            self._seen[file] = entry
            if self.number_of(file) is None:
                self._within.pop(file, None)
                cell = f"In [{self.running}] code "
                ordinal = 1 + sum(name.startswith(cell) for name in self._within.values())
                self._within[file] = f"{cell}{ordinal}"

    def is_code_of_cells(self, file: str) -> bool:
        return file.startswith(self._prefix)

    def number_of(self, file: str) -> int | None:
        """Of the cell that this is the whole of."""
        known = self._shell.compile.format_code_name(file)
        number = int(known[1][3:-1]) if known is not None else -1
        ran = self._shell.history_manager.input_hist_parsed
        is_kept = 0 <= number < len(ran) and file in linecache.cache
        if not is_kept:
            return None
        entry = linecache.cache[file]
        is_whole = "".join(entry[2]).rstrip("\n") == ran[number].rstrip("\n")
        return number if is_whole or self._shown.get(file) is entry else None

    def named(self, file: str, source: str) -> tuple[str, str]:
        """What that file is called ("" if as ever), and its source as the notebook has it."""
        number = self.number_of(file) if self.is_code_of_cells(file) else None
        if number is None:
            return self._within.get(file, ""), source
        written = self._shell.history_manager.input_hist_raw[number]
        # A cell magic becomes the last line; other magics may become fewer lines than they are.
        *_, last = source.rstrip("\n").split("\n")
        is_magic = last.startswith("get_ipython().run_cell_magic(")
        has_its_lines = is_magic or lines_in(source) == lines_in(written)
        return f"In [{number}]", written if has_its_lines else source

    def show(self, file: str, source: str) -> None:
        """What tracebacks show of the code of a cell. It must be Python."""
        entry = (len(source), None, source.splitlines(keepends=True), file)
        linecache.cache[file] = self._shown[file] = entry

    def lines_above(self, body: str) -> list[str]:
        """Those of the running cell above this, its end."""
        written = self._shell.history_manager.input_hist_raw[-1].rstrip("\n")
        if not written.endswith(body.rstrip("\n")):
            return []
        return written.split("\n")[: lines_in(written) - lines_in(body)]


def lines_in(text: str) -> int:
    return text.rstrip("\n").count("\n") + 1
