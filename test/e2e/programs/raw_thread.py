"""_thread.start_new_thread: no Thread object, and the function itself is the root."""

import _thread

kept = []
done = _thread.allocate_lock()
done.acquire()


def body(size):
    kept.append(bytes(size))  # [body]
    done.release()


_thread.start_new_thread(body, (5 << 20,))
done.acquire()

# expect 5 MiB: body [body]
