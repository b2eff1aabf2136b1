"""Which track serves a job; numbers are the contract's."""

from __future__ import annotations

import pytest

from app.domain.captions import CaptionKind, CaptionTrack
from app.domain.language import Language
from app.domain.request import JobRequest, SiteVideo
from app.services.captions.select import CaptionPreference, TrackChoice, choose_track
from app.services.pipeline.request_options import caption_preference


def track(name: str, kind: CaptionKind = "manual") -> CaptionTrack:
    return CaptionTrack(
        name.removesuffix("-orig"), name, kind, (("json3", f"https://a.test/{name}"),)
    )


def chosen(tracks: list[CaptionTrack], target: str | None = None, **options: object) -> list[str]:
    spoken = options.pop("spoken", None)
    asked = CaptionPreference(
        Language.parse(target) if target else None,
        Language.parse(str(spoken)) if spoken else None,
        **options,  # type: ignore[arg-type]
    )
    return [
        f"{c.origin.removeprefix('youtube_')} {c.track.name}" for c in choose_track(tracks, asked)
    ]


MANUAL = [track("fr"), track("en"), track("pt-PT"), track("de"), track("live_chat")]
AUTO = [track("de-orig", "auto"), track("es", "auto"), track("en", "auto")]


def test_28_captions_by_people_in_the_target_language_win_even_if_whisper_is_forced() -> None:
    assert chosen(MANUAL, "fr")[0] == "direct fr"
    assert chosen(MANUAL, "fr", force_whisper=True) == ["direct fr"]


def test_b7_the_target_is_found_in_every_spelling_and_region() -> None:
    assert chosen(MANUAL, "pt_BR")[0] == "direct pt-PT"
    tracks = [track("pt-PT"), track("pt"), track("pt-BR")]
    assert chosen(tracks, "PT_br")[:3] == ["direct pt-BR", "direct pt", "direct pt-PT"]


def test_another_script_of_the_target_is_to_be_translated() -> None:
    tracks = [track("zh-TW"), track("zh-CN")]
    assert chosen(tracks, "zh_CN") == ["direct zh-CN", "manual zh-TW"]
    assert chosen([track("zh-Hant"), track("zh")], "zh-TW")[0] == "direct zh"


def test_other_captions_by_people_come_in_the_order_of_their_use() -> None:
    assert chosen(MANUAL, "ja") == ["manual en", "manual fr", "manual pt-PT", "manual de"]
    assert chosen(MANUAL, "ja", spoken="de")[:2] == ["manual de", "manual en"]
    assert chosen([track("fr"), track("it")], "ja") == ["manual fr", "manual it"]
    assert chosen(MANUAL, "ja", force_whisper=True) == []


def test_the_machines_own_track_tells_what_is_spoken() -> None:
    assert chosen([*MANUAL, *AUTO], "ja")[:2] == ["manual de", "manual en"]


def test_b17_what_a_machine_heard_counts_only_where_this_server_cannot_hear() -> None:
    assert chosen(AUTO, "es") == []
    assert chosen(AUTO, "es", can_transcribe=False) == ["auto es", "auto de-orig", "auto en"]
    assert chosen(AUTO, "ja", can_transcribe=False) == ["auto de-orig", "auto en", "auto es"]
    assert chosen([track("fr"), *AUTO], "es", can_transcribe=False)[:2] == ["manual fr", "auto es"]


@pytest.mark.parametrize("tracks", [[], [track("live_chat")]])
def test_nothing_to_choose_from_is_no_choice(tracks: list[CaptionTrack]) -> None:
    assert chosen(tracks, "en", can_transcribe=False) == []


def test_transcription_alone_takes_what_is_spoken_and_no_translation_of_it() -> None:
    assert chosen(MANUAL) == []
    assert chosen(MANUAL, spoken="de") == ["manual de"]
    assert chosen([*MANUAL, *AUTO]) == ["manual de"]
    assert chosen(MANUAL, spoken="de", force_whisper=True) == []
    assert chosen(MANUAL, can_transcribe=False)[0] == "manual en"


def test_a_track_whose_key_is_no_language_is_no_accident() -> None:
    assert chosen([track("???"), track("en-US-x7-Yv"), track("")], "fr")[0] == "manual en-US-x7-Yv"


def test_speech_to_be_translated_is_replaced_by_people_s_captions_in_the_wanted_language() -> None:
    def preference(target: str | None) -> CaptionPreference:
        language = Language(target) if target else None
        request = JobRequest(SiteVideo("https://a.test/1"), target=language, task="translate")
        return caption_preference(request, transcribes=True)

    tracks = [*MANUAL, *AUTO]
    names = [
        [c.track.name for c in choose_track(tracks, preference(t))] for t in (None, "fr", "ja")
    ]
    assert names == [["en"], ["fr"], []]


def test_the_target_in_another_script_goes_before_a_translation() -> None:
    tracks = [track("en"), track("zh-CN")]
    assert chosen(tracks, "zh-TW")[0] == "manual zh-CN"
    assert chosen(tracks, "zh-TW", spoken="ja")[0] == "manual zh-CN"
    # What is spoken is transcribed and converted, not translated from English.
    assert chosen([track("en")], "zh-TW", spoken="zh-CN") == []
    assert chosen([track("en"), track("nn")], "no")[0] == "direct nn"


def test_a_track_without_a_language_is_in_the_one_that_is_said_to_be_spoken() -> None:
    unnamed = CaptionTrack("und", "captions", "manual", ())
    choice = TrackChoice(unnamed, "youtube_manual")
    assert choice.language(CaptionPreference(spoken=Language("hu"))) == "hu"
    assert choice.language(CaptionPreference()) == "und"
    assert choice.language(None) == "und"
