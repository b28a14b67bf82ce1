"""The profile shows the worst moment: not what was freed before it, nor what came after."""


def make(size):
    return bytes(size)  # [make]


def early():
    make(30 << 20)


def worst(base):
    wide = make(20 << 20)  # [wide]
    return len(wide) + len(base)


early()
base = make(15 << 20)  # [base]
worst(base)  # [worst]
later = make(8 << 20)

# expect 15 MiB: <module> [base]; make [make]
# expect 20 MiB: <module> [worst]; worst [wide]; make [make]
