"""Adapter for Python's `ws4py`: see docs/replay-protocol.md.

wireseam replay fixtures --to 'exec:python3 adapters/python-ws4py.py'
"""

import base64
import json
import sys

import ws4py
from ws4py.websocket import WebSocket


class Socket:
    """What the library takes for its socket: it has what came, and swallows what is sent."""

    def __init__(self):
        self.waiting = b""

    def recv(self, most):
        taken, self.waiting = self.waiting[:most], self.waiting[most:]
        return taken

    def sendall(self, _):
        pass


class Connection(WebSocket):
    def __init__(self, role):
        super().__init__(Socket())
        self.stream.expect_masking = role == "server"
        self.stream.always_mask = role == "client"
        self.stream.pong = self.pinged
        self.events, self.ended = [], False

    def tell(self, event, data=b"", **more):
        self.events.append({"event": event, "bytes": base64.b64encode(data).decode(), **more})

    def received_message(self, message):
        self.tell("message", bytes(message.data), type="text" if message.is_text else "binary")

    def pinged(self, data):
        self.tell("ping", bytes(data or b""))
        return b""

    def ponged(self, pong):
        self.tell("pong", bytes(pong.data or b""))

    def close(self, code=1000, reason=""):
        """The library's answer to a Close frame, and to what it refuses."""
        text = reason if isinstance(reason, str) else bytes(reason).decode()
        # of a Close frame that it does not like it says 1005 too, with a complaint of its own as the reason
        closes = self.stream.closing is not None and not (code == 1005 and text)
        self.events.append({"event": "close", "code": code, "reason": text} if closes
                           else {"event": "error", "code": code, "text": text})


class Adapter:
    def hello(self, _):
        return {"name": "ws4py", "version": ws4py.__version__, "server": "frames", "client": "frames"}

    def start(self, asked):
        self.connection = Connection(asked["role"])
        return {"events": []}

    def chunk(self, asked):
        connection = self.connection
        connection.sock.waiting = base64.b64decode(asked["bytes"])  # it joins bytes: nothing of ours can stay in it
        while not connection.ended and (connection.sock.waiting or connection.buf):
            connection.ended = not connection.once()
        events, connection.events = connection.events, []
        return {"events": events}

    def end(self, _):
        return {"events": []}


adapter = Adapter()
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(getattr(adapter, asked["do"])(asked)), flush=True)
