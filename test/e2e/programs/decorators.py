"""Decorators: what they do when the function is made, and the wrapper around each call."""

import functools

kept = []


def counted(function):
    kept.append(bytes(3 << 20))  # [decorator]

    @functools.wraps(function)
    def wrapper(*args):
        return function(*args)  # [wrapper]

    return wrapper


@counted  # [first]
def make(size):  # [first's def]
    return bytes(size)  # [make]


@functools.cache
def cached(size):
    return bytes(size)  # [cached]


kept.append(make(4 << 20))  # [call]
kept.extend([cached(5 << 20) for _ in range(3)])  # [cache]

# expect 3 MiB until 3.10: <module> [first's def]; counted [decorator]
# expect 3 MiB from 3.11: <module> [first]; counted [decorator]
# expect 4 MiB: <module> [call]; wrapper [wrapper]; make [make]
# expect 5 MiB until 3.11: <module> [cache]; <listcomp> [cache]; cached [cached]
# expect 5 MiB from 3.12: <module> [cache]; cached [cached]
