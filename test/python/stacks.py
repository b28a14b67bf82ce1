"""Run by stacks_test.cpp in each interpreter, with the probe library preloaded: compares what the
Python source sees with what the interpreter says of itself. Plain functions named as sentences, in
the modules stacks_of_*.py; those that begin with `test_` are run, with nothing but the standard
library. FIL_PROBE_KIND: "frames", or "public_api" for a build that knows no version."""

import sys
import traceback

sys.dont_write_bytecode = True  # the modules stand in the source tree

import stacks_of_blocks  # noqa: E402
import stacks_of_calls  # noqa: E402
import stacks_of_code  # noqa: E402
import stacks_of_threads  # noqa: E402
import stacks_probe  # noqa: E402


def main():
    everything = {}
    for module in stacks_of_calls, stacks_of_code, stacks_of_threads, stacks_of_blocks:
        everything.update(vars(module))
    tests = [
        (name, value)
        for name, value in everything.items()
        if name.startswith("test_") and (len(sys.argv) == 1 or name in sys.argv)
    ]
    assert len(sys.argv) == 1 or len(tests) == len(sys.argv) - 1, sys.argv
    failed = 0
    for name, test in tests:
        try:
            test()
        except Exception:
            failed += 1
            print(f"FAILED {name} on {sys.version.split()[0]} ({stacks_probe.KIND})", flush=True)
            traceback.print_exc(file=sys.stdout)
    print(f"{len(tests) - failed} of {len(tests)} passed on {sys.version.split()[0]}", flush=True)
    sys.exit(failed != 0)


main()
