"""Code objects made, run and freed in a loop: the next one often gets the same address.

Each round's function differs from the last in name or in line only.
"""

kept = []


def round_of(number):
    source = "\n" * number + f"def f{number % 2}(): kept.append(bytes(1 << 20))"
    names = {"kept": kept}
    exec(source, names)
    function = names[f"f{number % 2}"]
    del names
    function()  # [call]


for number in range(6):
    round_of(number)  # [round]

# expect 1 MiB: <module> [round]; round_of [call]; <string>:1 (f0)
# expect 1 MiB: <module> [round]; round_of [call]; <string>:2 (f1)
# expect 1 MiB: <module> [round]; round_of [call]; <string>:3 (f0)
# expect 1 MiB: <module> [round]; round_of [call]; <string>:4 (f1)
# expect 1 MiB: <module> [round]; round_of [call]; <string>:5 (f0)
# expect 1 MiB: <module> [round]; round_of [call]; <string>:6 (f1)
