"""A subclass's own `run` is the user's code: the stack begins there."""

import threading


class Worker(threading.Thread):
    def run(self):
        self.direct = bytes(3 << 20)  # [direct]
        self.called = self.make(4 << 20)  # [call]

    def make(self, size):
        return bytes(size)  # [make]


worker = Worker()
worker.start()
worker.join()

# expect 3 MiB: run [direct]
# expect 4 MiB: run [call]; make [make]
