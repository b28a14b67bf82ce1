"""A call over several lines stands at the line that Python itself names for it.

For a method in a chain that is, since 3.10, the line of the method's own name.
"""


class Shelf:
    def __init__(self):
        self.kept = []

    def put(self, *blocks):
        self.kept.extend(blocks)
        return self

    def make(self, size):
        self.kept.append(bytes(size))  # [make]
        return self


def make(size):
    return bytes(size)  # [block]


shelf = Shelf()
shelf.put(
    make(2 << 20),  # [argument]
    make(  # [two lines]
        3 << 20,
    ),
)
# fmt: off
(
    shelf  # [chain's start]
    .make(4 << 20)  # [chain]
    .make(5 << 20)  # [chain's second]
)
# fmt: on

# expect 2 MiB: <module> [argument]; make [block]
# expect 3 MiB: <module> [two lines]; make [block]
# expect 9 MiB until 3.9: <module> [chain's start]; make [make]
# expect 4 MiB from 3.10: <module> [chain]; make [make]
# expect 5 MiB from 3.10: <module> [chain's second]; make [make]
