"""Lambdas made and dropped in a loop share a name, a file, and often an address."""

kept = []


def apply(function):
    kept.append(function())  # [apply]


for _ in range(50):
    apply(lambda: bytes(40 << 10))  # [first]
    apply(lambda: bytes(60 << 10))  # [second]
apply(  # [call]
    lambda: bytes(3 << 20)  # [third]
)

# expect 2000 KiB: <module> [first]; apply [apply]; <lambda> [first]
# expect 3000 KiB: <module> [second]; apply [apply]; <lambda> [second]
# expect 3 MiB: <module> [call]; apply [apply]; <lambda> [third]
