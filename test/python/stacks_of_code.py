"""Code objects: names of every kind, and those that die. See stacks.py."""

import ctypes
import gc
import random

from stacks_probe import READS_FRAMES, check, here, locked, probe, same

# ---- names ----


def run_code(text, name, variables=None):
    exec(
        compile(text, name, "exec"),
        dict(variables or {}, check=check, probe=probe, here=here, same=same),
    )


def test_names_of_every_kind():
    class Name(str):
        pass

    for name in [
        "<string>",
        "caf\u00e9.py",
        "\u65e5\u672c.py",
        "\U0001f40d.py",
        "bytes\udcff\udc80.py",
        "",
        "x" * 500,
        Name("subclass.py"),
        Name("\u65e5\u672c subclass.py"),
    ]:
        run_code("check()\ndef \u00fcber():\n    check()\n\u00fcber()\n", name)
    run_code("def same_name():\n    check()\nsame_name()\n", "same_name")
    run_code("\n" * 70000 + "check()\n", "long.py")


def test_two_codes_of_one_name_and_line_keep_their_tables():
    run_code("def f():\n    check()\nf()\n", "<string>")
    run_code("def f():\n\n\n    check()\nf()\n", "<string>")


def test_big_code():
    run_code("def big():\n" + "    x = 1, 2, 3\n" * 30000 + "    check()\nbig()\n", "big.py")


def codes_of(code):
    yield code
    for constant in code.co_consts:
        if hasattr(constant, "co_code"):
            yield from codes_of(constant)


def wrong_line(code):
    return locked.probe_wrong_line(ctypes.py_object(code), len(code.co_code))


def test_lines_are_those_of_the_interpreter():
    if not READS_FRAMES:
        return
    import decimal
    import pathlib
    import typing

    texts = [pathlib.Path(module.__file__).read_text() for module in (typing, random, decimal)]
    texts.append("x = [\n" + "\n".join(f"  {i}, [y for y in z]," for i in range(2000)) + "]\n")
    texts.append("x = 1" + "\n" * 9000 + "while x:\n  try: x(\n\n\n1,\n2)\n  finally: x()\n" * 300)
    compared = 0
    for text in texts:
        for code in codes_of(compile(text, "lines.py", "exec")):
            assert wrong_line(code) == -1, (code, wrong_line(code))
            compared += 1
    assert compared > 150


def test_places_of_one_large_function_in_any_order():
    """A tree of questions, so that each leaf is reached at once."""

    def ask(low, high, indent):
        if low == high:
            return [" " * indent + "check()"] + [""] * (low % 3)
        middle = (low + high) // 2
        return [
            *[" " * indent + f"if n <= {middle}:", *ask(low, middle, indent + 1)],
            *[" " * indent + "else:", *ask(middle + 1, high, indent + 1)],
        ]

    lines = "\n".join(ask(0, 799, 1))
    order = list(range(800))
    random.Random(1).shuffle(order)
    run_code(f"def leaf(n):\n{lines}\nfor n in order: leaf(n)\n", "leaves.py", {"order": order})


# ---- code that dies ----


def test_freed_code_is_never_mistaken_for_its_successor():
    before = locked.probe_generation()
    for number in range(300):
        run_code(
            f"def made_{number}():\n    check()\n    [None for _ in range(3)]\nmade_{number}()\n",
            f"made{number}.py",
        )
        if number % 7 == 0:
            gc.collect()
    if READS_FRAMES:
        assert locked.probe_generation() > before


def test_freed_code_under_a_live_generator():
    def resume(generator):
        return next(generator, None)

    for number in range(100):
        variables = {}
        exec(
            compile(
                f"def g{number}():\n    yield probe()\n    yield probe()\n", f"g{number}.py", "exec"
            ),
            {"probe": probe},
            variables,
        )
        generator = variables.popitem()[1]()
        for _ in range(2):
            found = resume(generator)
            lines = found.decode().splitlines()
            assert lines[-1].startswith(f"g{number}.py:") and lines[-1].endswith(f"(g{number})"), (
                found
            )
            assert lines[-2].endswith("(resume)"), found
        del generator, variables
