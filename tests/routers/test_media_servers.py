"""Webhooks of media servers: their requests, unmodified, and what lies beside the films after."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
import wave
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pysubs2
import pytest
import requests

from tests.audio_engines import speech_like
from tests.server import ServerProcess

APP = "tests.asr_app:application()"
KEY = "library-key"
JELLYFIN_ID = "0123456789abcdef0123456789abcdef"


class MediaServers(ThreadingHTTPServer):
    """Stands in for Plex and Jellyfin, and takes what is told of finished films."""

    def __init__(self, films: dict[str, str]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.films = films
        self.told: list[dict[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: MediaServers

    def do_GET(self) -> None:
        if self.path == "/library/metadata/77" and self.headers["X-Plex-Token"] == "plex-token":
            media = [{"Part": [{"file": self.server.films["plex"]}]}]
            self._answer({"MediaContainer": {"Metadata": [{"type": "movie", "Media": media}]}})
        elif JELLYFIN_ID in self.path and '"jelly-token"' in self.headers["Authorization"]:
            self._answer({"Items": [{"Path": self.server.films["jellyfin"]}]})
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append(json.loads(body))
        self._answer({})

    def _answer(self, value: dict[str, Any]) -> None:
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None: ...


class Library:
    """A server with a folder of films."""

    def __init__(self, server: ServerProcess, folder: Path, elsewhere: MediaServers) -> None:
        self.server, self.folder, self.elsewhere = server, folder, elsewhere

    def film(self, name: str) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            peak = 0.3 + sum(map(ord, name)) % 50 / 100
            file.writeframes((speech_like((peak, 2)) * 32767).astype("<i2").tobytes())
        return path

    def post(self, path: str, **options: Any) -> requests.Response:
        return requests.post(f"{self.server.url}/k/{KEY}{path}", timeout=30, **options)

    def wait_for(self, path: Path) -> str:
        deadline = time.monotonic() + 60
        while not path.exists():
            assert time.monotonic() < deadline, self.server.log[-3000:]
            time.sleep(0.05)
        return path.read_text()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    films = tmp_path_factory.mktemp("films")
    elsewhere = MediaServers(
        {"plex": "/plex/tv/From Plex.wav", "jellyfin": "D:\\tv\\From Jellyfin.wav"}
    )
    threading.Thread(target=elsewhere.serve_forever, daemon=True).start()
    settings = {
        "API_KEYS": KEY,
        "MEDIA_ROOTS": str(films),
        "MEDIA_PATH_MAP": f"/plex/tv={films},D:\\tv={films}",
        "MEDIA_FORMATS": "srt,vtt",
        "PLEX_URL": elsewhere.url,
        "PLEX_TOKEN": "plex-token",
        "JELLYFIN_URL": elsewhere.url,
        "JELLYFIN_TOKEN": "jelly-token",
        "WEBHOOK_URL_COMPLETED": f"{elsewhere.url}/done",
    }
    server = ServerProcess(tmp_path_factory.mktemp("library"), settings, APP)
    server.wait_ready()
    yield Library(server, films, elsewhere)
    server.stop()
    elsewhere.shutdown()
    elsewhere.server_close()


def taken(answer: requests.Response) -> None:
    assert (answer.status_code, answer.json()) == (200, "")


def test_plex_tells_and_is_asked_for_the_path(library: Library) -> None:
    film = library.film("From Plex.wav")
    payload = {"event": "library.new", "Metadata": {"ratingKey": "77"}}
    parts = {"payload": (None, json.dumps(payload)), "thumb": ("thumb.jpg", b"\xff\xd8" * 999)}
    taken(library.post("/plex", files=parts, headers={"User-Agent": "PlexMediaServer/1.40"}))
    text = library.wait_for(film.with_name("From Plex.en.srt"))
    assert len(pysubs2.SSAFile.from_string(text)) == 1
    assert library.wait_for(film.with_name("From Plex.en.vtt")).startswith("WEBVTT")
    deadline = time.monotonic() + 30
    while not library.elsewhere.told and time.monotonic() < deadline:
        time.sleep(0.05)
    told = library.elsewhere.told[0]
    assert told == {
        "event": "added",
        "file": str(film),
        "subtitle": str(film.with_name("From Plex.en.srt")),
        "language": "en",
    }
    assert not [path for path in library.folder.iterdir() if path.name.endswith(".part")]


def test_jellyfin_tells_and_is_asked_for_the_path(library: Library) -> None:
    film = library.film("From Jellyfin.wav")
    payload = {"NotificationType": "ItemAdded", "ItemId": JELLYFIN_ID}
    taken(
        library.post("/jellyfin", data=json.dumps(payload), headers={"Content-Type": "text/plain"})
    )
    library.wait_for(film.with_name("From Jellyfin.en.srt"))


def test_emby_and_tautulli_tell_paths(library: Library) -> None:
    one, two = library.film("From Emby.wav"), library.film("From Tautulli.wav")
    payload = {"Event": "library.new", "Item": {"Path": str(one)}}
    taken(library.post("/emby", data={"data": json.dumps(payload)}))
    event = {"event": "added", "file": str(two)}
    taken(library.post("/tautulli", json=event, headers={"source": "Tautulli"}))
    library.wait_for(one.with_name("From Emby.en.srt"))
    library.wait_for(two.with_name("From Tautulli.en.srt"))
    taken(library.post("/emby", data={"data": '{"Event": "system.notificationtest"}'}))


def test_a_folder_is_done_but_for_what_is_there_or_leads_out(
    library: Library, tmp_path: Path
) -> None:
    season = library.folder / "Show" / "Season 1"
    wav = library.film("Show/Season 1/one.wav")
    first, there = (
        wav.rename(season / "one.mkv"),
        library.film("two.wav").rename(season / "two.mkv"),
    )
    own = there.with_name("two.eng.srt")
    own.write_text("mine")
    outside = library.film("out.wav").rename(tmp_path / "out.mkv")
    (season / "link.mkv").symlink_to(outside)
    last = library.film("z.wav").rename(season / "z.mkv")
    taken(library.post("/batch", params={"directory": str(season), "forceLanguage": "en"}))
    library.wait_for(first.with_name("one.en.srt"))
    library.wait_for(last.with_name("z.en.srt"))
    assert own.read_text() == "mine"
    assert not there.with_name("two.en.srt").exists()
    assert not list(tmp_path.glob("*.srt"))
    assert not (season / "link.en.srt").exists()
    taken(library.post("/batch", params={"directory": f"{season}/../../../"}))


def test_a_sender_without_a_key_is_refused(library: Library) -> None:
    event = {"event": "added", "file": "/etc/passwd"}
    url = f"{library.server.url}/tautulli"
    assert requests.post(url, json=event, timeout=30).status_code == 401
    assert requests.post(f"{url}?token=wrong", json=event, timeout=30).status_code == 401
    assert requests.post(f"{url}?token={KEY}", json=event, timeout=30).status_code == 200
    assert KEY not in library.server.log


def test_payloads_that_are_none(library: Library) -> None:
    assert library.post("/plex", files={"payload": (None, "{")}).status_code == 400
    assert library.post("/jellyfin", data="[]").status_code == 400
    missing = {"event": "library.new", "Metadata": {}}
    assert library.post("/plex", files={"payload": (None, json.dumps(missing))}).status_code == 400


def test_a_text_track_inside_a_film_stands_for_its_language(library: Library) -> None:
    sound = library.film("sound.wav")
    text = library.folder / "inside.srt.txt"
    text.write_text("1\n00:00:00,300 --> 00:00:01,800\nAlready said.\n")
    film = library.folder / "Inside" / "film.mkv"
    film.parent.mkdir()
    command = ["ffmpeg", "-v", "error", "-i", str(sound), "-f", "srt", "-i", str(text)]
    maps = ["-map", "0:a", "-map", "1:s", "-c:s", "srt", "-metadata:s:s:0", "language=eng"]
    subprocess.run([*command, *maps, str(film)], check=True)
    next_one = library.film("Inside/next.wav").rename(film.with_name("next.mkv"))
    query = {"directory": str(film.parent), "forceLanguage": "en"}
    taken(library.post("/batch", params=query))
    library.wait_for(next_one.with_name("next.en.vtt"))  # films are worked on in order
    assert not list(film.parent.glob("film.*.srt"))
    told = [each["file"] for each in library.elsewhere.told]
    assert str(film) not in told


def test_each_file_that_was_written_is_told(library: Library) -> None:
    film = library.film("Told once.wav")
    taken(library.post("/tautulli", json={"event": "added", "file": str(film)}))
    paths = [film.with_name(f"Told once.en.{kind}") for kind in ("srt", "vtt")]
    wanted = [
        {"event": "added", "file": str(film), "subtitle": str(path), "language": "en"}
        for path in paths
    ]

    def told() -> list[dict[str, Any]]:
        return [each for each in library.elsewhere.told if each["file"] == str(film)]

    deadline = time.monotonic() + 60
    while len(told()) < 2:
        assert time.monotonic() < deadline, library.server.log[-3000:]
        time.sleep(0.05)
    assert told() == wanted


def _deep(levels: int) -> str:
    return '{"event": "library.new", "Metadata": ' + "[" * levels + "]" * levels + "}"


@pytest.mark.parametrize(
    ("path", "options", "status"),
    [
        ("/plex", {"files": {"payload": (None, _deep(100_000))}}, 400),
        ("/plex", {"files": {"payload": (None, _deep(50))}}, 400),
        ("/plex", {"files": {"payload": (None, "[" * 2**20)}}, 400),
        ("/plex", {"files": {"payload": (None, " " * (2**20 + 1))}}, 400),
        ("/emby", {"data": {"data": '{"Event": "library.new", "Item": {"Path": 7}}'}}, 400),
        ("/emby", {"data": {"data": json.dumps({"Event": "library.new", "Item": []})}}, 400),
        ("/jellyfin", {"json": {"NotificationType": "ItemAdded", "ItemId": "a" * 65}}, 400),
        ("/jellyfin", {"json": {"NotificationType": ["ItemAdded"], "ItemId": {}}}, 200),
        ("/tautulli", {"json": {"event": "added", "file": "/" + "x" * 5000}}, 400),
        ("/tautulli", {"json": {"event": "added", "file": "/x\ud800\0y"}}, 200),
        ("/tautulli", {"json": {"event": "added", "file": "../etc/passwd"}}, 200),
        ("/batch", {"params": {"directory": "/"}}, 200),
        ("/batch", {"params": {"directory": ""}}, 400),
        ("/batch", {"params": {"directory": "/", "forceLanguage": "x" * 400}}, 400),
    ],
)
def test_what_a_hostile_sender_may_say(
    library: Library, path: str, options: dict[str, Any], status: int
) -> None:
    answer = library.post(path, **options)
    assert answer.status_code == status, answer.text


def test_a_body_of_100_mb_is_refused_before_it_is_read(library: Library) -> None:
    with socket.create_connection(("127.0.0.1", library.server.port), timeout=30) as raw:
        head = f"POST /k/{KEY}/plex HTTP/1.1\r\nHost: x\r\nContent-Length: 104857600\r\n"
        raw.sendall(f"{head}Content-Type: multipart/form-data; boundary=x\r\n\r\n--x".encode())
        assert raw.recv(100).split(b" ")[1] == b"413"
