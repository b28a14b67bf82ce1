"""Recursion: each level is a frame, and the way down can differ by line alone."""

kept = []


def down(depth):
    if depth == 0:
        kept.append(bytes(2 << 20))  # [bottom]
    elif depth % 2:
        down(depth - 1)  # [odd]
    else:
        down(depth - 1)  # [even]


def ping(depth):
    if depth:
        pong(depth - 1)  # [ping]
    else:
        kept.append(bytes(5 << 20))  # [end]


def pong(depth):
    ping(depth)  # [pong]


down(3)  # [down 3]
down(2)  # [down 2]
down(0)  # [down 0]
ping(1)  # [call ping]

# expect 2 MiB: <module> [down 3]; down [odd]; down [even]; down [odd]; down [bottom]
# expect 2 MiB: <module> [down 2]; down [even]; down [odd]; down [bottom]
# expect 2 MiB: <module> [down 0]; down [bottom]
# expect 5 MiB: <module> [call ping]; ping [ping]; pong [pong]; ping [end]
