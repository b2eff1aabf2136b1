"""Attacks on doors that other protocols and programs come by; each returns what was answered."""

from __future__ import annotations

import base64
import json
import socket
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress

from websockets.exceptions import WebSocketException
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.sync.client import ClientConnection, connect

from abuse.caller import HostileCaller
from app.services.render.timecodes import clock_time

_HOLD_S = 10.0
_MIB = bytes(2**20)
_REALTIME = "/v1/realtime?intent=transcription"
_LISTEN = "/v1/listen?encoding=linear16&sample_rate=16000"


def realtime_frame(caller: HostileCaller) -> str:
    """One event of a hundred megabytes."""
    try:
        with _realtime(caller) as client:
            event = {"type": "input_audio_buffer.append", "audio": "A" * 100_000_000}
            client.send(json.dumps(event))
            client.ping().wait(_HOLD_S)
            return "held"
    except (OSError, WebSocketException):
        return "cut"


def listen_frame(caller: HostileCaller) -> str:
    """A hundred megabytes of sound in one message."""
    try:
        with _realtime(caller, _LISTEN) as client:
            client.send(bytes(100_000_000))
            client.ping().wait(_HOLD_S)
            return "held"
    except (OSError, WebSocketException):
        return "cut"


def realtime_places(caller: HostileCaller) -> str:
    """A hundred connections that say nothing."""
    held = []
    for _ in range(100):
        with suppress(OSError, WebSocketException):
            held.append(_realtime(caller))
    time.sleep(2)
    opened = sum(client.state is State.OPEN for client in held)
    for client in held:
        client.close()
    return f"{opened} of 100 held"


def realtime_unread(caller: HostileCaller) -> str:
    """Events that are each answered by an error, from a client who reads none of the answers."""
    text = json.dumps({"type": "no.such.event", "event_id": "x" * 400}).encode()
    return _unread(caller, Frame(Opcode.TEXT, text))


def realtime_pings(caller: HostileCaller) -> str:
    """Pings, from a client who reads none of the answers."""
    return _unread(caller, Frame(Opcode.PING, b"x" * 125))


def _unread(caller: HostileCaller, frame: Frame) -> str:
    """Send a WebSocket frame a hundred thousand times, and read nothing; return what came of it."""
    key = base64.b64encode(bytes(16))
    head = f"GET {_REALTIME} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    sent = frame.serialize(mask=True)
    with caller.connection() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sendall(
            head.encode() + b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + key
        )
        connection.sendall(b"\r\n\r\n")
        connection.settimeout(_HOLD_S)
        try:
            for _ in range(1000):
                connection.sendall(sent * 100)
            return "taken"
        except TimeoutError:
            return "held back"
        except OSError:
            return "cut"


def endless_film(caller: HostileCaller) -> str:
    """A gibibyte of samples to the route that takes films as they come."""

    def body() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="audio_file"; filename="a"\r\n\r\n'
        for _ in range(1024):
            yield _MIB
        yield b"\r\n--b--\r\n"

    kind = "multipart/form-data; boundary=b"
    return caller.post("/asr?encode=false&output=srt&language=en", body(), kind)


def silent_films(caller: HostileCaller) -> str:
    """Sixty films of which no second part comes."""
    head = b"POST /asr?encode=false HTTP/1.1\r\nHost: x\r\nContent-Length: 900000000\r\n"
    kind = b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: "
    part = b'form-data; name="audio_file"; filename="a"\r\n\r\n' + bytes(4096)
    held = caller.held(60, head + kind + part)
    time.sleep(_HOLD_S)
    for connection in held:
        connection.close()
    return f"{len(held)} opened"


def deep_event(caller: HostileCaller) -> str:
    """An event of a media server, nested two hundred thousand deep."""
    text = b'{"a":' * 200_000 + b"1" + b"}" * 200_000
    head = b'--b\r\nContent-Disposition: form-data; name="payload"\r\n\r\n'
    body = head + text + b"\r\n--b--\r\n"
    return caller.post("/plex", body, "multipart/form-data; boundary=b")


def wyoming_line(caller: HostileCaller) -> str:
    """A hundred megabytes without an end of line."""
    return _wyoming(caller, *[b"x" * 2**20] * 100)


def wyoming_payload(caller: HostileCaller) -> str:
    """An event that announces ten thousand million bytes, and a hundred megabytes of them."""
    head = {"type": "audio-chunk", "data_length": 10**10, "payload_length": 10**10}
    return _wyoming(caller, json.dumps(head).encode() + b"\n", *[_MIB] * 100)


def wyoming_places(caller: HostileCaller) -> str:
    """Three hundred connections that say nothing."""
    held = []
    for _ in range(300):
        with suppress(OSError):
            held.append(caller.connection(caller.wyoming_port))
    time.sleep(2)
    opened = 0
    for connection in held:
        connection.settimeout(0.05)
        try:
            opened += connection.recv(1) != b""
        except TimeoutError:
            opened += 1
        except OSError:
            pass
        connection.close()
    return f"{opened} of 300 held"


def long_edits(caller: HostileCaller) -> str:
    """Checks, new layouts and marriages of twenty thousand cues, eight at a time."""
    text = "\n".join(
        f"{n + 1}\n{clock_time(n * 1000, ',')} --> {clock_time(n * 1000 + 900, ',')}\n"
        f"line number {n}\n"
        for n in range(20_000)
    )
    body = {"captions": text, "captions_lang": "en", "profile": "netflix"}
    both = {**body, "second": text, "second_language": "en"}
    asked = [("/api/qc", body), ("/api/relayout", body), ("/api/merge", both)]
    return caller.at_once(8, lambda number: caller.post_json(*asked[number % len(asked)]))


def silent_webhooks(caller: HostileCaller) -> str:
    """Forty jobs of two thousand cues, whose webhook takes connections and never answers."""
    cues = [{"start": n * 1000, "end": n * 1000 + 900, "text": f"line {n}"} for n in range(2000)]
    webhook = f"{caller.site.url}/silent"
    job = {"input": {"captions": cues, "captions_lang": "en"}, "webhook": webhook}
    return caller.at_once(8, lambda _: [caller.post_json("/run", job) for _ in range(5)][-1])


def picture_bomb(caller: HostileCaller) -> str:
    """A picture of 20,000 x 20,000 points in four hundred kilobytes, a hundred times."""
    path = caller.folder / "bomb.png"
    path.write_bytes(_png(20_000))
    caller.site.files[path.name] = path
    image = {"id": "1", "image_url": f"{caller.site.url}/{path.name}", "duracao": 1}
    return caller.post_json("/api/media/img2vid", {"images": [image] * 40})


def _png(side: int) -> bytes:
    """Return a grey picture of one colour."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(bytes(side + 1)) for _ in range(side)) + packer.flush()
    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def _realtime(caller: HostileCaller, path: str = _REALTIME) -> ClientConnection:
    address = f"ws://127.0.0.1:{caller.port}{path}"
    return connect(address, sock=caller.connection(), max_size=None, open_timeout=_HOLD_S)


def _wyoming(caller: HostileCaller, *pieces: bytes) -> str:
    """Send bytes to the listener of Home Assistant; return whether it took them all."""
    with caller.connection(caller.wyoming_port) as connection:
        try:
            for piece in pieces:
                connection.sendall(piece)
            connection.settimeout(_HOLD_S)
            return "cut" if connection.recv(1) == b"" else "answered"
        except TimeoutError:
            return "held"
        except OSError:
            return "cut"
