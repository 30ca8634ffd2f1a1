"""Adapter for Python's `wsproto`: see docs/replay-protocol.md.

wireseam replay fixtures --to 'exec:python3 adapters/python-wsproto.py'
"""

import base64
import json
import sys

import wsproto
from wsproto import events
from wsproto.connection import Connection, ConnectionState, ConnectionType
from wsproto.extensions import PerMessageDeflate


def coded(data):
    return {"bytes": base64.b64encode(data).decode()}


class Adapter:
    def hello(self, _):
        return {"name": "wsproto", "version": wsproto.__version__, "server": "frames", "client": "frames",
                "extensions": ["permessage-deflate"]}

    def start(self, asked):
        agreed = []
        for words in asked["extensions"]:
            extension = PerMessageDeflate()
            try:
                extension.finalize(words) if asked["role"] == "client" else extension.accept(words)
            except ValueError:
                pass
            if not extension.enabled():
                return {"unsupported": f"it refuses {words}"}
            agreed.append(extension)
        role = ConnectionType.SERVER if asked["role"] == "server" else ConnectionType.CLIENT
        self.connection, self.parts, self.ended = Connection(role, agreed), [], False
        return {"events": []}

    def chunk(self, asked):
        if self.ended:
            return {"events": []}
        chunk = bytearray(base64.b64decode(asked["bytes"]))
        self.connection.receive_data(chunk)
        chunk[:] = b"\xdd" * len(chunk)  # who still looks at it is found out
        return {"events": [told for event in self.connection.events() for told in self.event(event)]}

    def end(self, _):
        return {"events": []}

    def event(self, event):
        if isinstance(event, events.Message):
            is_text = isinstance(event, events.TextMessage)
            self.parts.append(event.data.encode() if is_text else bytes(event.data))
            if event.message_finished:
                data, self.parts = b"".join(self.parts), []
                yield {"event": "message", "type": "text" if is_text else "binary", **coded(data)}
        elif isinstance(event, (events.Ping, events.Pong)):
            yield {"event": type(event).__name__.lower(), **coded(bytes(event.payload))}
        elif isinstance(event, events.CloseConnection):
            # what cannot be parsed is told as a close too, of a connection that is still open
            failed, self.ended = self.connection.state is ConnectionState.OPEN, True
            if failed:
                yield {"event": "error", "code": event.code, "text": event.reason or ""}
            else:
                yield {"event": "close", "code": event.code, "reason": event.reason or ""}


adapter = Adapter()
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(getattr(adapter, asked["do"])(asked)), flush=True)
