# stomp.py as a player: see sync_player.ts. Arguments: HOST PORT.

import json
import os
import sys
import threading
import time

import stomp

host, port = sys.argv[1], int(sys.argv[2])
body = ('{"count":12345,"name":"stomp"}, ' * 8)[:256]
NOWHERE = "/topic/sync-bench"


class Listener(stomp.ConnectionListener):
    def __init__(self, connection):
        self.connection = connection
        self.receipts = {}
        self.left = 0
        self.done = threading.Event()

    def on_receipt(self, frame):
        # Its own disconnect() asks for a receipt, too.
        confirmed = self.receipts.pop(frame.headers["receipt-id"], None)
        if confirmed is not None:
            confirmed.set()

    def on_message(self, frame):
        headers = frame.headers
        self.connection.ack(headers.get("ack", headers["message-id"]))
        self.left -= 1
        if self.left == 0:
            self.done.set()


class Client:
    def __init__(self):
        self.connection = stomp.Connection12([(host, port)], vhost="/")
        self.listener = Listener(self.connection)
        self.connection.set_listener("bench", self.listener)
        self.connection.connect("guest", "guest", wait=True)
        self.last_receipt = 0

    def send(self, destination):
        self.connection.send(destination, body)

    def confirmed(self, destination):
        self.last_receipt += 1
        receipt = str(self.last_receipt)
        confirmed = self.listener.receipts[receipt] = threading.Event()
        self.connection.send(destination, body, receipt=receipt)
        confirmed.wait()


def send(client, count):
    start = time.perf_counter()
    for _ in range(count):
        client.send(NOWHERE)
    client.confirmed(NOWHERE)
    return time.perf_counter() - start


def round_trip(client, count):
    start = time.perf_counter()
    for _ in range(count):
        client.confirmed(NOWHERE)
    return time.perf_counter() - start


def receive(client, count):
    source = "/queue/sync-bench-python-%d-%d" % (os.getpid(), time.time_ns())
    for _ in range(count):
        client.send(source)
    client.confirmed(NOWHERE)
    listener = client.listener
    listener.left = count
    start = time.perf_counter()
    client.connection.subscribe(source, id="bench", ack="client", headers={
        "count": str(count),
        "prefetch-count": "1000",
        "activemq.prefetchSize": "1000",
    })
    listener.done.wait()
    client.confirmed(NOWHERE)
    return time.perf_counter() - start


CASES = {"send": send, "receipt round trip": round_trip, "receive and ack": receive}

for line in sys.stdin:
    order = json.loads(line)
    # What the sink sends comes in blocks of 128.
    count = -(-order["count"] // 128) * 128
    client = Client()
    seconds = CASES[order["caseName"]](client, count)
    client.connection.disconnect()
    print(json.dumps({"count": count, "milliseconds": 1000 * seconds}), flush=True)
