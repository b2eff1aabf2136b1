"""Contract A8: playlists of a site, listed by a real yt-dlp, over HTTP by a real server."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartServer
from tests.media_server import MediaServer
from tests.server import DEAF, ServerProcess

PLUGINS = Path(__file__).parents[1] / "clients" / "site_plugins"
WATCH = "https://www.youtube.com/watch?v="

Listed = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def lister(start_server: StartServer, site: MediaServer) -> ServerProcess:
    return start_server(
        **DEAF, ALLOW_PRIVATE_URLS="true", PYTHONPATH=str(PLUGINS), STANDIN_SITE=site.url
    )


@pytest.fixture
def listed(lister: ServerProcess, site: MediaServer, tmp_path: Path) -> Listed:
    """Publish a playlist, unless it is there already, and ask for it."""

    def ask(
        name: str, page: dict[str, Any] | None = None, *, status: int = 200, **asked: Any
    ) -> dict[str, Any]:
        if page is not None:
            path = tmp_path / f"list-{name}.json"
            path.write_text(json.dumps(page))
            site.add(path)
        with lister.client() as client:
            params = {"url": f"{site.url}/list-{name}.json", **asked}
            answer = client.get("/playlist/info", params=params)
        assert answer.status_code == status, answer.text
        return dict(answer.json())

    return ask


def entry(number: int, **told: object) -> dict[str, object]:
    video_id = f"video{number:06}"
    return {"_type": "url", "ie_key": "Youtube", "url": WATCH + video_id, "id": video_id, **told}


LECTURES = {
    "title": "Select Lectures",
    "webpage_url": "https://example.org/lectures",
    "channel": "A Channel",
    "uploader_id": "@channel",
    "channel_url": "https://example.org/@channel",
    "playlist_count": 25,
    "entries": [
        entry(
            1,
            title="One",
            duration=5261,
            upload_date="20200115",
            view_count=1_300_000,
            description="d" * 300,
        ),
        None,
        entry(3, title="Three", duration=213.4, timestamp=1549238400),
        entry(4, duration=float("nan"), upload_date="20249999"),
    ],
}


def test_a8_playlist_in_the_shape_that_clients_read(listed: Listed, site: MediaServer) -> None:
    answer = listed("lectures", LECTURES)
    videos = answer.pop("videos")
    assert answer == {
        "playlist_title": "Select Lectures",
        "playlist_url": "https://example.org/lectures",
        "channel": "A Channel",
        "channel_id": "@channel",
        "channel_url": "https://example.org/@channel",
        "video_count": 3,
        "total_count": 4,
        "filters_applied": dict.fromkeys(("dateafter", "datebefore", "max_items", "items")),
    }
    assert videos[0] == {
        "url": f"{WATCH}video000001",
        "title": "One",
        "duration": "1:27:41",
        "duration_seconds": 5261,
        "upload_date": "2020-01-15",
        "index": 1,
        "id": "video000001",
        "views": 1_300_000,
        "description": "d" * 200,
    }
    told = [(each["index"], each["duration"], each["upload_date"]) for each in videos[1:]]
    assert told == [(3, "3:33", "2019-02-04"), (4, None, None)]
    assert not [each for each in site.requests if "video0000" in each], "no video is looked at"


def test_a8_playlist_filters_choose_by_place_then_day_then_number(listed: Listed) -> None:
    def places(**asked: object) -> tuple[list[int], int | None]:
        answer = listed("lectures", LECTURES, **asked)
        assert {k: v for k, v in answer["filters_applied"].items() if v is not None} == asked
        return [each["index"] for each in answer["videos"]], answer["total_count"]

    assert places(items="3,1,3") == ([3, 1], 25)
    assert places(items="-2:") == ([3, 4], 4)
    assert places(max_items=1) == ([1], 25)
    assert places(dateafter="20190301") == ([1, 4], 4)
    assert places(dateafter="20190204", datebefore="20190204") == ([3, 4], 4)
    assert places(items="3:", datebefore="today-1week", max_items=1) == ([3], 25)
    undated = listed("lectures", dateafter="20190301")["notices"]
    assert [each["code"] for each in undated] == ["upload_dates_unknown"]
    assert " 1 " in undated[0]["message"]


def test_a8_playlist_of_tabs_is_one_list(listed: Listed) -> None:
    tabs = [{"_type": "playlist", "entries": [entry(n), entry(n + 1)]} for n in (1, 3)]
    answer = listed("tabs", {"title": "A Channel", "playlist_count": 2, "entries": tabs})
    assert [each["index"] for each in answer["videos"]] == [1, 2, 3, 4]
    assert [each["id"] for each in answer["videos"]] == [f"video{n:06}" for n in (1, 2, 3, 4)]
    assert answer["total_count"] == 4
    some = listed("tabs", items="2:3")
    assert [each["index"] for each in some["videos"]] == [2, 3]
    assert some["total_count"] is None, "tabs are no videos, and not all of these were counted"


def test_a8_playlist_without_end_is_cut(listed: Listed) -> None:
    answer = listed("long", {"title": "All", "entries": [entry(1)], "endless": 10**9})
    assert answer["video_count"] == len(answer["videos"]) == 5000
    assert answer["total_count"] is None
    assert [each["code"] for each in answer["notices"]] == ["playlist_cut"]
    few = listed("long", max_items=2)
    assert [each["index"] for each in few["videos"]] == [1, 2]
    assert "notices" not in few
    assert listed("long", status=400, items="-2:")["code"] == "invalid_field"


def test_a8_playlist_of_a_videos_page_is_that_video(
    listed: Listed, lister: ServerProcess, site: MediaServer, tmp_path: Path
) -> None:
    page = tmp_path / "pagesingle1.json"
    told = {"title": "Sea", "channel": "A Channel", "duration": 7, "upload_date": "20240131"}
    page.write_text(json.dumps(told))
    site.add(page)
    answer = listed("none", url=f"{WATCH}pagesingle1")
    assert answer["playlist_title"] == "Single Video"
    assert (answer["channel"], answer["total_count"]) == ("A Channel", 1)
    [video] = answer["videos"]
    assert video["url"] == f"{WATCH}pagesingle1"
    assert (video["title"], video["duration"], video["index"]) == ("Sea", "0:07", 1)


@pytest.mark.parametrize(
    "asked",
    [
        {"items": "1,,2"},
        {"items": "one"},
        {"items": "1:5:0"},
        {"max_items": 0},
        {"dateafter": "2024-01-31"},
        {"dateafter": "20241399"},
        {"dateafter": "today-9999year"},
        {"dateafter": "20240201", "datebefore": "20240131"},
    ],
    ids=str,
)
def test_a8_playlist_wishes_that_cannot_be_read(listed: Listed, asked: dict[str, Any]) -> None:
    answer = listed("lectures", LECTURES, status=400, **asked)
    assert answer["code"] == "invalid_field"
    assert answer["detail"] == answer["error"]
    assert any(name in answer["error"] for name in asked)


def test_a8_playlists_that_cannot_be_read(listed: Listed) -> None:
    private = listed("private", {"fails": "This playlist is private"}, status=403)
    assert private["code"] == "source_private"
    assert listed("x", status=400, url="file:///etc/passwd")["code"] == "url_blocked"
