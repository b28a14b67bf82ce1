"""A server with two threads that answer requests, over loopback, and a client that asks."""

import json
import queue
import socket
import threading

REQUESTS = 3000
waiting: queue.Queue = queue.Queue()
kept: dict[int, list] = {}


def serve() -> None:
    while (connection := waiting.get()) is not None:
        with connection, connection.makefile("rw") as lines:
            for line in lines:
                asked = json.loads(line)
                kept[asked["key"]] = asked["rows"]
                answer = {"sum": sum(row["price"] for row in asked["rows"]), "rows": asked["rows"]}
                lines.write(json.dumps(answer) + "\n")
                lines.flush()


listener = socket.create_server(("127.0.0.1", 0))
threads = [threading.Thread(target=serve) for _ in range(2)]
for thread in threads:
    thread.start()
clients = []
for _ in threads:
    clients.append(socket.create_connection(listener.getsockname()))
    waiting.put(listener.accept()[0])
for _ in threads:
    waiting.put(None)
files = [client.makefile("rw") for client in clients]
total = 0
for key in range(REQUESTS):
    rows = [{"name": f"row {key} {i}", "price": i * 7 % 100} for i in range(20 + key % 30)]
    lines = files[key % 2]
    lines.write(json.dumps({"key": key, "rows": rows}) + "\n")
    lines.flush()
    total += json.loads(lines.readline())["sum"]
for file, client in zip(files, clients, strict=True):
    file.close()
    client.close()
for thread in threads:
    thread.join()
print(total)
