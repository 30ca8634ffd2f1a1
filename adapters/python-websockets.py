"""Adapter for the sans-I/O layer of Python's `websockets`: see docs/replay-protocol.md.

wireseam replay fixtures --to 'exec:python3 adapters/python-websockets.py'
"""

import base64
import json
import sys

import websockets
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Close, Opcode
from websockets.protocol import Protocol, Side


def extension(agreed, role):
    """What both ends agreed on, seen from this one."""
    words = dict(word.strip().partition("=")[::2] for word in agreed.split(";")[1:])
    mine, other = ("server", "client") if role == "server" else ("client", "server")
    bits = lambda end: int(words.get(f"{end}_max_window_bits") or 15)
    return PerMessageDeflate(
        f"{other}_no_context_takeover" in words, f"{mine}_no_context_takeover" in words, bits(other), bits(mine)
    )


class Adapter:
    def hello(self, _):
        return {"name": "websockets", "version": websockets.__version__, "server": "frames", "client": "frames",
                "extensions": ["permessage-deflate"]}

    def start(self, asked):
        self.protocol = Protocol(Side.SERVER if asked["role"] == "server" else Side.CLIENT, max_size=2**26)
        try:
            self.protocol.extensions = [extension(agreed, asked["role"]) for agreed in asked["extensions"]]
        except (AssertionError, ValueError) as fault:
            return {"unsupported": f"it refuses {asked['extensions']} {fault}"}
        self.message, self.failed = None, False
        return {"events": []}

    def chunk(self, asked):
        chunk = bytearray(base64.b64decode(asked["bytes"]))
        self.protocol.receive_data(chunk)
        chunk[:] = b"\xdd" * len(chunk)  # who still looks at it is found out
        events = [event for frame in self.protocol.events_received() for event in self.frame(frame)]
        if isinstance(self.protocol.parser_exc, Exception) and not self.failed and self.protocol.close_sent:
            self.failed = True
            sent = self.protocol.close_sent
            events.append({"event": "error", "code": sent and sent.code, "text": str(self.protocol.parser_exc)})
        return {"events": events}

    def end(self, _):
        return {"events": []}

    def frame(self, frame):
        payload = {"bytes": base64.b64encode(frame.data).decode()}
        if frame.opcode in (Opcode.PING, Opcode.PONG):
            yield {"event": frame.opcode.name.lower(), **payload}
        elif frame.opcode is Opcode.CLOSE:
            close = Close.parse(frame.data)
            yield {"event": "close", "code": close.code, "reason": close.reason}
        elif not self.failed:
            if frame.opcode is not Opcode.CONT:
                self.message = frame.opcode, b""
            opcode, data = self.message
            self.message = opcode, data + frame.data
            if frame.fin:
                yield from self.complete(*self.message)

    def complete(self, opcode, data):
        """The layer above decodes text, and fails the connection where it is none."""
        try:
            data.decode() if opcode is Opcode.TEXT else None
            yield {"event": "message", "type": opcode.name.lower(), "bytes": base64.b64encode(data).decode()}
        except UnicodeDecodeError as fault:
            self.failed = True
            yield {"event": "error", "code": 1007, "text": str(fault)}


adapter = Adapter()
for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps(getattr(adapter, asked["do"])(asked)), flush=True)
