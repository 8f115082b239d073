# Python's stomp.py at the embedded broker: HOST PORT.
import queue
import sys
import time

import stomp

host, port = sys.argv[1], int(sys.argv[2])


class Listener(stomp.ConnectionListener):
    def __init__(self):
        self.messages = queue.Queue()
        self.receipts = queue.Queue()
        self.errors = []

    def on_message(self, frame):
        self.messages.put(frame)

    def on_receipt(self, frame):
        self.receipts.put(frame.headers["receipt-id"])

    def on_error(self, frame):
        self.errors.append(frame.headers.get("message"))

    def next(self):
        return self.messages.get(timeout=5)


for version, make in (
    ("1.0", stomp.Connection10),
    ("1.1", stomp.Connection11),
    ("1.2", stomp.Connection12),
):
    options = {} if version == "1.0" else {"heartbeats": (500, 500)}
    connection = make([(host, port)], auto_decode=False, **options)
    listener = Listener()
    connection.set_listener("", listener)
    connection.connect("guest", "guest", wait=True)
    modes = ["auto", "client"] + ([] if version == "1.0" else ["client-individual"])
    for mode in modes:
        destination = f"/queue/py-{version}-{mode}"
        for text in ("1", "2", "3"):
            connection.send(destination, text)
        connection.subscribe(destination, id=mode, ack=mode)
        frames = [listener.next() for _ in range(3)]
        assert [bytes(f.body) for f in frames] == [b"1", b"2", b"3"], frames
        for frame in frames if mode != "auto" else []:
            if version == "1.2":
                connection.ack(frame.headers["ack"])
            elif version == "1.1":
                connection.ack(frame.headers["message-id"], mode)
            else:
                connection.ack(frame.headers["message-id"])
            if mode == "client" and version == "1.0":
                continue
        connection.unsubscribe(id=mode)
        print(f"ok {version} ack mode {mode}")

    destination = f"/queue/py-{version}"
    connection.send(destination, "confirmed", receipt="r-1")
    assert listener.receipts.get(timeout=5) == "r-1"
    print(f"ok {version} receipt")

    transaction = connection.begin()
    connection.send(destination, "committed", transaction=transaction)
    connection.commit(transaction)
    transaction = connection.begin()
    connection.send(destination, "aborted", transaction=transaction)
    connection.abort(transaction)
    octets = bytes(range(256))
    connection.send(destination, octets, content_type="application/octet-stream")
    connection.subscribe(destination, id="s", ack="auto")
    bodies = [bytes(listener.next().body) for _ in range(3)]
    assert bodies == [b"confirmed", b"committed", octets], bodies
    print(f"ok {version} transactions and octets")

    if version != "1.0":
        time.sleep(2)
        connection.send(destination, "alive", receipt="r-2")
        assert listener.receipts.get(timeout=5) == "r-2"
        print(f"ok {version} heart-beats")
    connection.disconnect(receipt="bye")
    assert listener.receipts.get(timeout=5) == "bye"
    assert listener.errors == [], listener.errors
print("ok done")
