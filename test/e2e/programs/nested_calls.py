"""The same function, called from two lines of the same caller, is two callstacks."""


def leaf(size):
    return bytes(size)  # [leaf]


def middle():
    first = leaf(3 << 20)  # [first]
    second = leaf(5 << 20)  # [second]
    return first, second


def main():
    return middle()  # [main]


kept = main()  # [module]

# expect 3 MiB: <module> [module]; main [main]; middle [first]; leaf [leaf]
# expect 5 MiB: <module> [module]; main [main]; middle [second]; leaf [leaf]
