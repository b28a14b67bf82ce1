"""A generator's frame sits under whoever resumes it, and its line is where it stands now.

Called often before, so that the interpreter's specialised instructions are the ones tested.
"""


def produce(size):
    while True:
        block = bytes(size or 0)  # [produce]
        size = yield block


def delegate(size):
    yield from produce(size)  # [delegate]


def drain(generator, count):
    for block in generator:  # [for]
        count -= 1
        if count == 0:
            return block


for _ in range(100):
    drain(produce(1), 5)
kept = []
stream = produce(1 << 20)
kept.append(next(stream))  # [next]
kept.append(stream.send(2 << 20))  # [send]
kept.append(next(delegate(3 << 20)))  # [yield from]
kept.append(drain(produce(4 << 20), 1))  # [drain]
kept.append(list(bytes(size) for size in (5 << 20, 64)))  # [expression]

# expect 1 MiB: <module> [next]; produce [produce]
# expect 2 MiB: <module> [send]; produce [produce]
# expect 3 MiB: <module> [yield from]; delegate [delegate]; produce [produce]
# expect 4 MiB: <module> [drain]; drain [for]; produce [produce]
# expect 5 MiB: <module> [expression]; <genexpr> [expression]
