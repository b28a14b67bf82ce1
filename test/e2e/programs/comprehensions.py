"""Comprehensions: frames of their own until 3.11, part of the function around since 3.12."""


def make(size):
    return bytes(size)  # [make]


def build():
    blocks = [make(1 << 20) for _ in range(3)]  # [list]
    lines = [  # [lines]
        make(1 << 20)  # [long]
        for _ in range(4)
    ]
    table = {key: make(1 << 20) for key in range(5)}  # [dict]
    return blocks, lines, table


kept = build()  # [build]

# expect 3 MiB until 3.11: <module> [build]; build [list]; <listcomp> [list]; make [make]
# expect 3 MiB from 3.12: <module> [build]; build [list]; make [make]
# expect 4 MiB until 3.11: <module> [build]; build [lines]; <listcomp> [long]; make [make]
# expect 4 MiB from 3.12: <module> [build]; build [long]; make [make]
# expect 5 MiB until 3.11: <module> [build]; build [dict]; <dictcomp> [dict]; make [make]
# expect 5 MiB from 3.12: <module> [build]; build [dict]; make [make]
