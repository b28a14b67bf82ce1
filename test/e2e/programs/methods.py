"""Calls that the interpreter makes on its own: __init__, properties, operators, __getitem__.

Each is warmed up first: newer interpreters then enter the Python function without a C call.
"""


class Box:
    def __init__(self, size):
        self.size = size
        self.block = bytes(size)  # [init]

    @property
    def content(self):
        return bytes(self.size)  # [property]

    def __getitem__(self, size):
        return bytes(size)  # [getitem]

    def __add__(self, other):
        return bytes(other)  # [add]

    def __getattr__(self, name):
        return bytes(6 << 20 if name == "large" else 1)  # [getattr]

    def __iter__(self):
        return iter([bytes(7 << 20)])  # [iter]


def made(size):
    return Box(size)  # [construct]


def used(box, size):
    return (
        box.content,  # [get]
        box[size],  # [index]
        box + size,  # [operator]
    )


for _ in range(200):
    used(made(1), 1)
    kept = made(1).small
kept = made(3 << 20)  # [made]
blocks = used(kept, 2 << 20)  # [used]
large = kept.large  # [missing]
(only,) = kept  # [unpack]

# expect 3 MiB: <module> [made]; made [construct]; __init__ [init]
# expect 3 MiB: <module> [used]; used [get]; content [property]
# expect 2 MiB: <module> [used]; used [index]; __getitem__ [getitem]
# expect 2 MiB: <module> [used]; used [operator]; __add__ [add]
# expect 6 MiB: <module> [missing]; __getattr__ [getattr]
# expect 7 MiB: <module> [unpack]; __iter__ [iter]
