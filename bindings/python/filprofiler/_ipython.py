"""The IPython extension: `%load_ext filprofiler`, then `%%filprofile` at the top of a cell.

The cell is left to IPython, which runs it as any other: its variables stay, its last expression is
displayed, it may `await`, contain magics and be interrupted. Only its first line is replaced, by a
call that begins a run; the run ends when the cell has been executed, however that went. Its graph
is shown after all that the cell shows, when IPython has done with it.

Below another cell magic, and for `%filprofile statement`, the code is run here, as code of the cell
that it stands in.
"""

from __future__ import annotations

import ast
import linecache
import os
import re
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import no_var_expand
from IPython.display import display

from ._cells import BEGIN, MAGIC, PLACEHOLDER, Cells
from ._embedded import LARGEST, output
from ._folders import new_folder
from ._run import Run, attached

if TYPE_CHECKING:
    from IPython.core.interactiveshell import ExecutionResult, InteractiveShell

BODY = 'get_ipython().run_cell_magic("filprofile", "", {body!r})\n'
REFUSE = '__import__("filprofiler._ipython")._ipython.refuse({words!r})\n'
OTHER_KERNEL = """\
In order to use Fil, you need to run your notebook with the Fil kernel.

You can change the kernel via the 'Change Kernel' option at the bottom of the Kernel menu: \
choose "Python 3 with Fil".

({reason})"""
HELP = """\
Profile the memory of a cell or a statement: what it held at its peak, and which lines asked for it.

    %%filprofile                at the top of a cell: the whole cell
    %filprofile x = work()      one statement; a value is passed on

The graph stands below what the cell shows, its files are in fil-result/. There are no options."""
MOST_GRAPHS = 3  # of a cell, which may run %filprofile in a loop; of others the peak is told

_profiler: Profiler | None = None


def load(shell: InteractiveShell) -> None:
    """Gives the shell `%%filprofile` and `%filprofile`, if it runs under the kernel that can."""
    global _profiler
    try:
        to = attached()
    except RuntimeError as error:
        raise UsageError(OTHER_KERNEL.format(reason=error)) from None
    if _profiler is not None:
        return
    _profiler = Profiler(shell, to.cells)
    shell.input_transformers_cleanup.insert(0, begin_in_first_line)
    shell.events.register("post_execute", _profiler.executed)
    shell.events.register("post_run_cell", _profiler.cell_done)
    shell.register_magic_function(filprofile, "line_cell", "filprofile")


def begin_in_first_line(lines: list[str]) -> list[str]:
    """Keeps the number of lines, so that a line's number is still the notebook's."""
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        rest = lines[number + 1 :]
        if line.split()[0] != MAGIC:
            return lines
        if words := line.split("#")[0].split()[1:]:
            return [REFUSE.format(words=" ".join(words))]
        if _profiler.is_within_a_cell():
            return [BODY.format(body="".join(rest))]
        first = next((number for number, line in enumerate(rest) if line.strip()), 0)
        below = rest[first].split()[0] if rest and rest[first].strip() else ""
        if below == "%%time":  # it would run the code itself, as <timed exec>
            return [rest[first], line, *rest[first + 1 :]]
        if below.startswith("%%"):
            return lines  # then ours is a cell magic as well
        return [*[PLACEHOLDER] * number, BEGIN, *rest]  # IPython takes empty lines away
    return lines


def begin() -> None:
    """Called by the cell: callstacks begin in its file."""
    _profiler.begin_cell(sys._getframe(1).f_code.co_filename)


def refuse(words: str) -> None:
    """Called in the place of a cell whose first line says more than `%%filprofile`."""
    if words in ("--help", "-h", "-?"):
        print(HELP)
        return
    raise UsageError(
        f"%%filprofile knows no {words!r}, and nothing was run; see %filprofile --help"
    )


def looks_like_option(words: str) -> bool:
    """`-o here x = 1`, which is no Python; `-x` is."""
    if not re.match("--?[A-Za-z]", words):
        return False
    try:
        compile(words, "", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        return True
    return False


@no_var_expand
def filprofile(line: str, cell: str | None = None) -> Any:  # noqa: ANN401
    __tracebackhide__ = True
    words = line.strip()
    if cell is not None:
        return refuse(words) if words else _profiler.run_body(cell, sys._getframe(1))
    if words in ("--help", "-h", "-?"):
        return print(HELP)
    if not words:
        raise UsageError("%filprofile needs a statement; see %filprofile --help")
    if looks_like_option(words):
        option = words.split()[0]
        raise UsageError(
            f"%filprofile knows no {option!r}, and nothing was run; see %filprofile --help"
        )
    return _profiler.run_statement(words, sys._getframe(1))


filprofile.__doc__ = HELP


class Profiler:
    def __init__(self, shell: InteractiveShell, cells: Cells) -> None:
        self.cells = cells
        self._shell = shell
        self._run: Run | None = None
        self._running: ExecutionResult | None = None  # of the cell whose end is the run's
        self._ended: list[Run] = []

    # ---- when a run begins and ends

    def begin_cell(self, file: str) -> None:
        if not self._says_that_one_is_on():
            self._begin(file)
            self._running = self._shell.displayhook.exec_result
            source = "".join(linecache.getlines(file))
            if BEGIN in source:
                self.cells.show(file, source.replace(BEGIN, f"# {MAGIC}\n"))

    def is_within_a_cell(self) -> bool:
        return self._shell.displayhook.exec_result is not None

    def run_body(self, body: str, caller: FrameType) -> Any:  # noqa: ANN401
        __tracebackhide__ = True
        above = self.cells.lines_above(body)
        file, _ = self._place_in_cell(caller)
        if not above or self.cells.number_of(file) is None:  # of a notebook that the cell runs
            above = []
            file = self._shell.compile.cache(body, self.cells.running)
        else:
            comments = "".join(f"# {line}\n" for line in above)
            self.cells.show(file, comments + self._shell.transform_cell(body))
        return self._run_code(body, file, len(above))

    def run_statement(self, statement: str, caller: FrameType) -> Any:  # noqa: ANN401
        __tracebackhide__ = True
        file, line = self._place_in_cell(caller)
        result = self._run_code(statement, file, line - 1)
        return None if statement.endswith(";") else result

    def _run_code(self, text: str, file: str, lines_above: int) -> Any:  # noqa: ANN401
        """The value of its last expression."""
        __tracebackhide__ = True
        compiler = self._shell.compile
        code = compiler.ast_parse(self._shell.transform_cell(text), filename=file)
        code = self._shell.transform_ast(ast.increment_lineno(code, lines_above))
        last = code.body.pop() if code.body and isinstance(code.body[-1], ast.Expr) else None
        steps = [compiler(code, file, "exec")]
        if last is not None:
            steps.append(compiler(ast.Expression(last.value), file, "eval"))
        begins = not self._says_that_one_is_on()
        if begins:
            self._begin("")
        result = None
        try:
            for step in steps:
                result = eval(step, self._shell.user_global_ns, self._shell.user_ns)
        finally:
            if begins:
                self._end()
        return result

    def _place_in_cell(self, frame: FrameType | None) -> tuple[str, int]:
        """The line that the running cell is at, or else code that it runs."""
        place = ("<filprofile>", 1)
        while frame is not None:
            file = frame.f_code.co_filename
            if self.cells.number_of(file) == self.cells.running:
                return file, frame.f_lineno
            if self.cells.is_code_of_cells(file):
                place = file, frame.f_lineno
            frame = frame.f_back
        return place

    def _says_that_one_is_on(self) -> bool:
        if self._run is not None:
            say("this is part of a cell that is being profiled: it is in that cell's graph")
        return self._run is not None

    def _begin(self, first_file: str) -> None:
        self.cells.note()
        notebook, cell = self._names()
        try:
            run = Run(new_folder(Path(notebook).stem, cell))
            run.begin(first_file, title=", ".join(filter(None, (notebook, cell))))
        except (OSError, RuntimeError) as error:
            raise UsageError(f"nothing was run: {error}") from None
        self._run = run

    def _end(self) -> None:
        run, self._run, self._running = self._run, None, None
        if run is None:
            return
        try:
            run.end()
        except RuntimeError as error:
            say(str(error))
        else:
            self._ended.append(run)

    def _names(self) -> tuple[str, str]:
        """As the user sees them: "flights.ipynb" and "In [2]". Jupyter Server and Visual Studio
        Code name the notebook, others do not."""
        path = os.environ.get("JPY_SESSION_NAME") or self._shell.user_ns.get("__vsc_ipynb_file__")
        notebook = Path(str(path or "")).name
        cell = f"In [{self.cells.running}]"
        return notebook if notebook.endswith(".ipynb") else "", cell

    # ---- what IPython tells

    def executed(self) -> None:
        """Some code was executed: the cell, or code that it ran through IPython."""
        self.cells.note()
        result = self._shell.last_execution_result
        if self._running is not None and result is self._running:
            self._end()
            if result.info.silent:  # then nothing more is told
                self._show()

    def cell_done(self, result: ExecutionResult | None) -> None:
        running = self._running
        if running is not None and (
            result is None or result.info.raw_cell == running.info.raw_cell
        ):
            self._end()  # interrupted before it could be said to be executed
        self._show()

    def _show(self) -> None:
        ended, self._ended = self._ended, []
        for number, run in enumerate(ended):
            largest = LARGEST // min(len(ended), MOST_GRAPHS) if number < MOST_GRAPHS else 0
            display(output(run.path, run.peak_bytes, largest), raw=True)


def say(words: str) -> None:
    print(f"=fil-profile= {words}", file=sys.stderr)
