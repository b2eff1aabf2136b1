"""A video's captions for `/api/subtitles`: track ranking, caching of lookups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from app.domain.captions import CaptionKind, CaptionTrack
from app.domain.errors import NoCaptionsError, SourceError
from app.domain.language import Language
from app.domain.media import NO_INFO, MediaInfo
from app.services.captions.lookup import CaptionLookupCache, rank_tracks

PAGE = "https://site.test/watch"


def track(name: str, kind: CaptionKind = "manual") -> CaptionTrack:
    return CaptionTrack(name, name, kind, (("vtt", f"https://site.test/{name}"),))


def chosen(names: Sequence[str], asked: str) -> list[str]:
    tracks = [track(name.strip("*"), "auto" if "*" in name else "manual") for name in names]
    marks = {"manual": "", "auto": "*"}
    found = rank_tracks(tracks, Language.parse(asked))
    return [f"{one.name}{marks[one.kind]}" for one in found]


def test_the_language_itself_before_its_relatives_and_people_before_machines() -> None:
    assert chosen(["en-GB", "en*", "en", "fr"], "en") == ["en", "en-GB", "en*"]
    assert chosen(["en*", "en-GB"], "en") == ["en-GB", "en*"]
    assert chosen(["pt-PT", "en", "pt-BR*"], "pt_br") == ["pt-PT", "pt-BR*", "en"]


def test_english_comes_last_and_other_languages_never() -> None:
    assert chosen(["de", "en*", "fr", "live_chat"], "fr") == ["fr", "en*"]
    assert chosen(["de", "live_chat"], "fr") == []
    assert chosen(["en", "zh-TW", "zh-CN*"], "zh_CN") == ["zh-CN*", "zh-TW", "en"]


VTT = b"WEBVTT\n\n00:01.000 --> 00:02.000\nThe river rose.\n"


@dataclass
class Site:
    """A site whose tracks are files; one without a file cannot be had."""

    files: dict[str, bytes]
    looks: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.gate.set()

    info: MediaInfo = NO_INFO

    @property
    def tracks(self) -> list[CaptionTrack]:
        return [track(name) for name in self.files]

    @asynccontextmanager
    async def site(self, page_url: str) -> AsyncIterator[Site]:
        assert page_url == PAGE
        self.looks += 1
        await self.gate.wait()
        yield self

    async def caption(self, wanted: CaptionTrack) -> tuple[str, bytes]:
        data = self.files[wanted.name]
        if not data:
            raise SourceError("The site answered 503")
        return "vtt", data


ENGLISH = Language("en")


async def test_a_track_that_cannot_be_had_or_read_has_a_substitute() -> None:
    site = Site({"fr": b"", "fr-CA": b"<html>", "en": VTT})
    found = await CaptionLookupCache(site).find(PAGE, Language("fr"))
    assert found.track.name == "en"
    assert found.is_fallback
    assert found.captions.items[0].text == "The river rose."
    with pytest.raises(SourceError, match="503"):
        await CaptionLookupCache(Site({"en": b""})).find(PAGE, ENGLISH)
    with pytest.raises(SourceError, match="cannot be read"):
        await CaptionLookupCache(Site({"en": b"<html>"})).find(PAGE, ENGLISH)


async def test_tracks_beyond_those_that_are_looked_at_are_told() -> None:
    site = Site({"en": VTT}, info=MediaInfo(tracks_left_out=7))
    found = await CaptionLookupCache(site).find(PAGE, ENGLISH)
    assert [notice.code for notice in found.page_notices] == ["caption_tracks_left_out"]
    assert "7 caption tracks" in found.page_notices[0].message
    plain = await CaptionLookupCache(Site({"en": VTT})).find(PAGE, ENGLISH)
    assert plain.page_notices == ()


async def test_without_captions_the_error_names_what_there_is() -> None:
    site = Site({"de": VTT, "live_chat": VTT})
    cache = CaptionLookupCache(site)
    for _ in range(2):
        with pytest.raises(NoCaptionsError, match="French") as caught:
            await cache.find(PAGE, Language("fr"))
        assert caught.value.manual == ("de",)
        assert caught.value.auto == ()
    assert site.looks == 1


async def test_a_site_is_asked_once_within_some_minutes() -> None:
    now = 0.0
    site = Site({"en": VTT, "de": VTT})
    cache = CaptionLookupCache(site, lambda: now)
    first = await cache.find(PAGE, ENGLISH)
    now = 500.0
    assert await cache.find(PAGE, ENGLISH) is first
    assert (await cache.find(PAGE, Language("de"))).track.name == "de"
    assert site.looks == 2
    now = 700.0
    assert await cache.find(PAGE, ENGLISH) is not first
    assert site.looks == 3


async def test_one_who_leaves_does_not_take_it_from_the_others() -> None:
    site = Site({"en": VTT})
    site.gate.clear()
    cache = CaptionLookupCache(site)
    readers = [asyncio.create_task(cache.find(PAGE, ENGLISH)) for _ in range(3)]
    await asyncio.sleep(0)
    readers[0].cancel()
    await asyncio.sleep(0)
    site.gate.set()
    found = await asyncio.gather(*readers, return_exceptions=True)
    assert isinstance(found[0], asyncio.CancelledError)
    assert found[1] is found[2]
    assert site.looks == 1


async def test_a_failure_is_not_kept() -> None:
    site = Site({"en": b""})
    cache = CaptionLookupCache(site)
    with pytest.raises(SourceError):
        await cache.find(PAGE, ENGLISH)
    site.files["en"] = VTT
    assert (await cache.find(PAGE, ENGLISH)).track.name == "en"


async def test_closing_ends_what_is_being_fetched() -> None:
    site = Site({"en": VTT})
    site.gate.clear()
    cache = CaptionLookupCache(site)
    reader = asyncio.create_task(cache.find(PAGE, ENGLISH))
    await asyncio.sleep(0)
    await cache.close()
    with pytest.raises(asyncio.CancelledError):
        await reader
