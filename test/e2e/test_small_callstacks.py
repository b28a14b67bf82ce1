"""Of many callstacks a report shows the largest, with 99 % of the bytes; the rest is counted."""

from __future__ import annotations

from command import profiled, script
from conservation import model_of

# A call tree of 2^13 callstacks that hold ten bytes each time more, and one that holds most.
MANY = """
kept = []
def left(depth, size): down(depth - 1, 2 * size)
def right(depth, size): down(depth - 1, 2 * size + 1)
def down(depth, size):
    if depth == 0:
        kept.append(bytes(100 + size * 10))
        return
    left(depth, size)
    right(depth, size)
down(13, 0)
kept.append(bytes(400 << 20))
"""


def test_at_least_99_percent_are_shown_and_the_rest_is_counted(here):
    run = profiled(script("many.py", MANY))
    model = model_of(run.report)
    peak, hidden = model["facts"]["peak"], model["hidden"]
    shown = run.callstacks
    assert 0.99 * peak <= run.peak == peak - hidden["bytes"] < peak
    assert 100 <= len(shown) < 2**13 < len(shown) + hidden["callstacks"]
    # One that is hidden is no larger than any that is shown.
    assert hidden["bytes"] / hidden["callstacks"] <= min(shown.values())
