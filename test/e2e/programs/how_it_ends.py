"""Ends in the way its argument names, after a word on each stream."""

import atexit
import os
import resource
import signal
import sys
import threading

resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
kept = bytes(1 << 20)
print("said", flush=True)
print("complained", file=sys.stderr, flush=True)
how, *rest = sys.argv[1:]
if how == "signal":
    signal.signal(int(rest[0]), signal.SIG_DFL) if rest[0] not in ("9", "19") else None
    os.kill(os.getpid(), int(rest[0]))
elif how == "interrupt":
    os.kill(os.getpid(), signal.SIGINT)
    signal.pause()
elif how == "exit":
    sys.exit(int(rest[0]))
elif how == "message":
    sys.exit("a last word")
elif how == "exception":
    raise ValueError("unhandled")
elif how == "_exit":
    os._exit(int(rest[0]))
elif how == "exit in thread":
    thread = threading.Thread(target=lambda: os._exit(5))
    thread.start()
    thread.join()
elif how == "unflushed":
    sys.stdout.write("without flush")
    atexit.register(lambda: print(" and at exit"))
elif how == "exec":
    os.execv("/bin/sh", ["sh", "-c", "echo became a shell; exit 6"])
elif how == "syntax error":
    eval("1 +")
