"""The attacks, by kind; each returns what the server answered."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping

from websockets.exceptions import WebSocketException
from websockets.protocol import State
from websockets.sync.client import ClientConnection, connect

from abuse import door_attacks as doors
from abuse.caller import HostileCaller

Attack = Callable[[HostileCaller], str]

_MIB = bytes(2**20)
_HOLD_S = 10.0


def large_body(kind: str, path: str) -> Attack:
    """Return one that sends a gibibyte to a route that expects little."""
    return lambda caller: caller.post(path, _gibibyte(), kind)


def fetched(name: str) -> Attack:
    """Return one that has the server fetch something from the caller's site."""
    return lambda caller: caller.post_json("/api/process", {"url": f"{caller.site.url}/{name}"})


def model_answer(name: str) -> Attack:
    """Return one that has the server ask a language model that answers badly."""

    def send(caller: HostileCaller) -> str:
        caller.site.model_answer = name
        body = {"subtitles": [{"text": "Hello there."}], "source_lang": "en", "target_lang": "es"}
        return caller.post_json("/api/translate", body)

    return send


def json_text(path: str, text: bytes) -> Attack:
    """Return one that posts bytes as JSON."""
    return lambda caller: caller.post(path, text, "application/json")


def json_value(path: str, body: object) -> Attack:
    """Return one that posts a value as JSON."""
    return lambda caller: caller.post_json(path, body)


def captions(text: str) -> Attack:
    """Return one that sends captions whose text is hard to parse."""
    return json_value("/api/process", {"captions": text, "captions_lang": "en"})


def gap_in_time(caller: HostileCaller) -> str:
    """A recording of four seconds whose clock jumps by four hours."""
    path = caller.folder / "gap.mka"
    late = r"asetpts=PTS+if(gte(N\,40)\,14000/TB\,0)"
    sound = ["-f", "lavfi", "-i", "sine=d=4", "-af", late, "-c:a", "flac"]
    subprocess.run(["ffmpeg", "-v", "error", "-y", *sound, str(path)], check=True)
    caller.site.files[path.name] = path
    return caller.post_json("/api/process", {"url": f"{caller.site.url}/{path.name}"})


def language_tags(caller: HostileCaller) -> str:
    """Many long language tags, each new."""

    def send(number: int) -> str:
        tag = "en-x-" + "-".join(f"{number:04d}{part:04d}" for part in range(10_000))
        return caller.post_json("/api/process", {"url": "http://x/", "target_lang": tag})

    return caller.at_once(8, lambda first: [send(8 * n + first) for n in range(10)][-1])


def announced_attachments(caller: HostileCaller) -> str:
    """A Socket.IO event that announces ten thousand million parts, and two hundred of them."""
    try:
        with _live(caller) as client:
            client.send("40/live,{}")
            client.send('4510000000000-/live,["audio",{"_placeholder":true,"num":0}]')
            for _ in range(200):
                client.send(_MIB)
            time.sleep(1)
            client.ping().wait(_HOLD_S)
        return "held"
    except (OSError, WebSocketException):
        return "cut"


def live_places(caller: HostileCaller) -> str:
    """A hundred live connections in the root namespace."""
    held = []
    for _ in range(100):
        try:
            client = _live(caller)
            client.send("40")
            held.append(client)
        except (OSError, WebSocketException):
            continue
    time.sleep(2)
    opened = sum(client.state is State.OPEN for client in held)
    for client in held:
        client.close()
    return f"{opened} of 100 held"


def callers_who_leave(caller: HostileCaller) -> str:
    """Eight callers send 1.2 MB of captions, and leave; then eight more."""
    blocks = (
        f"{n}\n00:{n // 60 % 60:02d}:{n % 60:02d},000 --> 00:59:59,000\nline\n"
        for n in range(25_000)
    )
    body = {"captions": "\n".join(blocks), "captions_lang": "en"}
    for _ in range(2):
        caller.at_once(8, lambda _: caller.leave_after("/api/process", body, 2.0))
    return "left"


def readers(caller: HostileCaller) -> str:
    """Thirty readers of a job of many cues."""
    blocks = (
        f"{n + 1}\n{_clock(n)} --> {_clock(n, 900)}\nline number {n}\n" for n in range(20_000)
    )
    body = {"captions": "\n".join(blocks), "captions_lang": "en"}
    caller.leave_after("/api/process", body, 30.0)
    return caller.at_once(30, lambda _: caller.post_json("/api/stream", body))


def long_request_line(caller: HostileCaller) -> str:
    """A request line of a hundred megabytes."""
    return caller.raw(b"GET /", *[b"x" * 2**20] * 100, b" HTTP/1.1\r\nHost: x\r\n\r\n")


def many_headers(caller: HostileCaller) -> str:
    """A hundred megabytes of headers."""
    block = b"".join(b"X-%d: %s\r\n" % (n, b"y" * 1000) for n in range(1000))
    return caller.raw(b"GET /ping HTTP/1.1\r\n", *[block] * 100, b"\r\n")


def half_requests(caller: HostileCaller) -> str:
    """Eleven hundred connections with half a request line."""
    held = caller.held(1100, b"GET /pi")
    time.sleep(_HOLD_S)
    for connection in held:
        connection.close()
    return f"{len(held)} opened"


def silent_forms(caller: HostileCaller) -> str:
    """Sixty uploads that stop in the middle of a part's headers."""
    head = b"POST /api/process HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n"
    kind = b"Content-Type: multipart/form-data; boundary=b\r\n\r\n--b\r\nContent-Disposition: "
    held = caller.held(60, head + kind)
    time.sleep(_HOLD_S)
    for connection in held:
        connection.close()
    return f"{len(held)} opened"


def endless_part_header(caller: HostileCaller) -> str:
    """A part whose header has no end."""

    def body() -> Iterator[bytes]:
        yield b"--b\r\nContent-Disposition: form-data; name="
        for _ in range(64):
            yield b"x" * 2**20

    return caller.post("/api/process", body(), "multipart/form-data; boundary=b")


def dripping_sources(caller: HostileCaller) -> str:
    """Thirty-two jobs whose recordings come a byte at a time."""

    def send(number: int) -> str:
        return caller.post_json("/api/process", {"url": f"{caller.site.url}/drip.mp4?{number}"})

    return caller.at_once(32, send)


def slow_names(caller: HostileCaller) -> str:
    """Thirty addresses whose names nobody resolves."""

    def send(number: int) -> str:
        return caller.post_json("/api/process", {"url": f"http://a{number}.slow.invalid/x.mp4"})

    return caller.at_once(30, send)


def announced_uploads(caller: HostileCaller) -> str:
    """Forty announcements of uploads of a gibibyte, of which no byte comes."""
    head = b"POST /api/uploads HTTP/1.1\r\nHost: x\r\nTus-Resumable: 1.0.0\r\nContent-Length: 0\r\n"
    request = head + b"Upload-Length: 1000000000\r\nConnection: close\r\n\r\n"
    return caller.at_once(8, lambda _: [caller.raw(request) for _ in range(5)][-1])


def last_event_id(caller: HostileCaller) -> str:
    """An event number of five thousand digits."""
    return caller.get("/api/jobs/none/events", {"Last-Event-ID": "9" * 5000})


def two_files(caller: HostileCaller) -> str:
    """A form with two files and a name that is no text."""
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nx\r\n'
    odd = b'--b\r\nContent-Disposition: form-data; name="\xff\xfe"\r\n\r\nx\r\n--b--\r\n'
    return caller.post("/api/process", part + part + odd, "multipart/form-data; boundary=b")


def _gibibyte() -> Iterator[bytes]:
    yield b'--b\r\nContent-Disposition: form-data; name="text"\r\n\r\n'
    for _ in range(1024):
        yield _MIB


def _clock(second: int, ms: int = 0) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d},{ms:03d}"


def _live(caller: HostileCaller) -> ClientConnection:
    """Return a connection of Engine.IO's protocol, version 4."""
    address = f"ws://127.0.0.1:{caller.port}/socket.io/?EIO=4&transport=websocket"
    return connect(address, sock=caller.connection(), max_size=None, open_timeout=_HOLD_S)


_VTT = "WEBVTT\n\n00:00.000 --> 00:01.000\n"
_HARD_TEXTS: Mapping[str, str] = {
    "class without an end": _VTT + "<c" + " " * 250_000,
    "voice without an end": _VTT + "<v" + " " * 250_000,
    "braces": "1\n00:00:00,000 --> 00:00:01,000\n" + "{" * 250_000,
    "tags": _VTT + "<" * 250_000,
    "arrows": "-->" * 100_000,
    "one long word": _VTT + "x" * 1_000_000,
    "combining marks": _VTT + "a" + "\u0301" * 250_000,
    "entities": _VTT + "&#x1F600" * 100_000,
}

ATTACKS: Mapping[str, Attack] = {
    "1 GiB as a form, speech": large_body("multipart/form-data; boundary=b", "/api/tts/speak"),
    "1 GiB as a form, job": large_body("multipart/form-data; boundary=b", "/api/process"),
    "1 GiB as JSON, job": large_body("application/json", "/api/process"),
    "1 GiB as JSON, queue": large_body("application/json", "/run"),
    "1 GiB as pairs, translation": large_body(
        "application/x-www-form-urlencoded", "/api/translate"
    ),
    "gzip in gzip": fetched("gzip_twice.mp4"),
    "page of 2.5 GB": fetched("endless_page"),
    "page in gzip": fetched("packed_page"),
    "playlist of 500 MB": fetched("endless.m3u8"),
    "page of tracks": fetched("tracks_page"),
    "model: 500 MB of JSON": model_answer("endless_json"),
    "model: 2 GB in gzip": model_answer("packed_json"),
    "model: one event": model_answer("one_event"),
    "model: nested JSON": model_answer("nested_json"),
    "gap of 14,000 s": gap_in_time,
    "language tags": language_tags,
    "announced attachments": announced_attachments,
    "live connections": live_places,
    "100,000 wrong cues": json_value("/api/process", {"captions": [{"start": "x"}] * 100_000}),
    "one format 100,000 times": json_value(
        "/api/process",
        {"captions": [{"start": 0, "end": 900, "text": "x"}], "formats": ["ass"] * 100_000},
    ),
    **{f"captions: {name}": captions(text) for name, text in _HARD_TEXTS.items()},
    "16 callers who leave": callers_who_leave,
    "30 readers": readers,
    "request line of 100 MB": long_request_line,
    "headers of 100 MB": many_headers,
    "1,100 half requests": half_requests,
    "60 silent forms": silent_forms,
    "part header without end": endless_part_header,
    "32 dripping sources": dripping_sources,
    "30 slow names": slow_names,
    "40 announced uploads": announced_uploads,
    "nested glossary": json_text(
        "/api/process",
        b'{"url": "http://x/", "glossary": ' + b'{"a":' * 200_000 + b"1" + b"}" * 200_001,
    ),
    "digits without end": json_text("/api/process", b'{"position_s": ' + b"9" * 1_000_000 + b"}"),
    "half characters": json_text("/api/process", b'{"url": "\\ud800", "apiKey": "\\udfff"}'),
    "event number of 5,000 digits": last_event_id,
    "two files and a name": two_files,
    "Realtime: event of 100 MB": doors.realtime_frame,
    "Deepgram: sound of 100 MB in one message": doors.listen_frame,
    "Realtime: 100 silent connections": doors.realtime_places,
    "Realtime: answers unread": doors.realtime_unread,
    "Realtime: pings unread": doors.realtime_pings,
    "queue: 40 webhooks unanswered": doors.silent_webhooks,
    "film: 1 GiB of samples": doors.endless_film,
    "film: 60 that stop": doors.silent_films,
    "media server: nested event": doors.deep_event,
    "Wyoming: line without end": doors.wyoming_line,
    "Wyoming: announced payload": doors.wyoming_payload,
    "Wyoming: 300 silent connections": doors.wyoming_places,
    "20,000 cues checked and laid out": doors.long_edits,
    "pictures of 400 megapixels": doors.picture_bomb,
}
"""What is tried, by the name that the table has for it."""
