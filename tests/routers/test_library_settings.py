"""What is made of films by settings: which events, languages and profile."""

from __future__ import annotations

from pathlib import Path

import pysubs2

from tests.routers.test_media_servers import APP, KEY, Library, MediaServers, taken
from tests.server import ServerProcess


def test_settings_say_what_is_made_of_which_films(tmp_path: Path) -> None:
    films, folder, elsewhere = tmp_path / "films", tmp_path / "server", MediaServers({})
    films.mkdir()
    folder.mkdir()
    settings = {"API_KEYS": KEY, "MEDIA_ROOTS": str(films), "MEDIA_EVENTS": "played"}
    settings |= {"MEDIA_LANGUAGES": "original,es", "MEDIA_PROFILE": '{"max_line_chars": 10}'}
    server = ServerProcess(folder, settings, APP)
    library = Library(server, films, elsewhere)
    try:
        server.wait_ready()
        added, played, half = (library.film(f"{name}.wav") for name in ("added", "played", "half"))
        theirs = half.with_name("half.es.srt")
        theirs.write_text("theirs")
        for event, film in (("added", added), ("played", half), ("played", played)):
            taken(library.post("/tautulli", json={"event": event, "file": str(film)}))
        spoken = library.wait_for(played.with_name("played.en.srt"))
        assert [cue.plaintext for cue in pysubs2.SSAFile.from_string(spoken)] == [
            "Hello\nnumber 0."
        ]
        assert "Hola" in library.wait_for(played.with_name("played.es.srt"))
        library.wait_for(half.with_name("half.en.srt"))
        assert theirs.read_text() == "theirs"
        assert sorted(path.name for path in films.glob("*.srt")) == [
            *("half.en.srt", "half.es.srt", "played.en.srt", "played.es.srt"),
        ]
    finally:
        server.stop()
        elsewhere.server_close()
