"""exec'd code: its own file names and lines; two `<string>` codes alike in all but their lines."""

kept = []


def run(source, name="<string>", **names):
    exec(compile(source, name, "exec"), {"kept": kept, **names})  # [exec]


run("def make(size):\n    kept.append(bytes(size))\nmake(2 << 20)")  # [one]
run("def make(size):\n\n\n    kept.append(bytes(size))\nmake(3 << 20)")  # [two]
run("\n\nkept.append(bytes(4 << 20))", "made up.py")  # [named]
run("\n" * 70_000 + "kept.append(bytes(5 << 20))")  # [far]
kept.append(eval("bytes(6 << 20)"))  # [eval]

# expect 2 MiB: <module> [one]; run [exec]; <string>:3 (<module>); <string>:2 (make)
# expect 3 MiB: <module> [two]; run [exec]; <string>:5 (<module>); <string>:4 (make)
# expect 4 MiB: <module> [named]; run [exec]; made up.py:3 (<module>)
# expect 5 MiB: <module> [far]; run [exec]; <string>:70001 (<module>)
# expect 6 MiB: <module> [eval]; <string>:1 (<module>)
