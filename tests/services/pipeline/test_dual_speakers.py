"""Short turns of two speakers share a cue with dashes, from the recording to the file."""

from __future__ import annotations

import json
import wave
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from app.domain.cue import Cue
from app.domain.edited_cue import EditedCue
from app.domain.events import CuesReady
from app.domain.language import Language
from app.domain.profile import DEFAULT_PROFILE, profile_named
from app.domain.request import JobRequest, UploadedFile
from app.domain.time import SAMPLE_RATE_HZ, Span
from app.domain.transcript import Segment, SpeakerTurn, Word
from app.gpu.protocols import Prepared
from app.gpu.sentence_segments import build_segments
from app.services.cache.caches import no_caches
from app.services.captions.parse import parse_captions
from app.services.jobs.store.event_codec import decode_value, encode_value
from app.services.jobs.stored_edits import cues_with_edits
from app.services.layout.authored_cues import authored_cues
from app.services.render.file_writer import render
from app.settings import Settings
from app.submission.job_payloads import cue_payload
from app.system.workdir import WorkDir
from tests.services.pipeline.runs import Runs, WindowCounter

SAID = (("Is it late?", 300, "SPEAKER_00"), ("By an hour.", 1200, "SPEAKER_01"))
TURNS = tuple(SpeakerTurn(Span(at, at + 800), speaker) for _, at, speaker in SAID)


class Talkers(WindowCounter):
    """Hears a question and its answer in the only window."""

    def decode(self, batch: Sequence[Prepared]) -> list[list[Segment]]:
        words = [
            Word(word, Span(at_ms + 250 * number, at_ms + 250 * number + 240), 0.9)
            for text, at_ms, _ in SAID
            for number, word in enumerate(text.split())
        ]
        return [build_segments(words, "en") for _ in batch]


@pytest.fixture
def runs(workdir: WorkDir) -> Iterator[Runs]:
    runs = Runs(workdir, no_caches(Settings()), transcriber=Talkers())
    yield runs
    runs.close()


@pytest.fixture
def request_of_talk(tmp_path: Path) -> JobRequest:
    """A request for two seconds of sound, of which it is known who speaks when."""
    path = tmp_path / "talk.wav"
    tone = np.sin(np.arange(2 * SAMPLE_RATE_HZ) * 440 * 2 * np.pi / SAMPLE_RATE_HZ)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        file.writeframes((tone * 20_000).astype("<i2").tobytes())
    source = UploadedFile(path, sha256=path.name)
    return JobRequest(source, diarize=True, turns=TURNS, profile=profile_named("netflix"))


async def test_they_do_in_the_result_and_in_its_file(
    runs: Runs, request_of_talk: JobRequest
) -> None:
    result = await runs.run(request_of_talk)
    assert [cue.text for cue in result.cues] == ["-Is it late?\n-By an hour."]
    drafts = [e.cues[0].text for e in runs.of(CuesReady) if not e.final]
    assert drafts == ["Is it late?", "By an hour."], "nobody knows yet who speaks"
    srt = render(result.cues, "srt", request_of_talk.profile, "en")
    assert srt.splitlines()[2:4] == ["-Is it late?", "-By an hour."]
    assert result.quality is not None
    assert "dialogue_dashes" not in result.quality.broken


async def test_a_translation_has_the_dashes_of_its_own_language(
    runs: Runs, request_of_talk: JobRequest
) -> None:
    for tag, shown in (("fr", "- IS IT LATE?\n- BY AN HOUR."), ("nl", "IS IT LATE?\n-BY AN HOUR.")):
        request = replace(request_of_talk, target=Language.parse(tag))
        (cue,) = (await runs.run(request)).cues
        assert cue.translation == shown


async def test_they_do_not_where_the_profile_has_no_dashes(
    runs: Runs, request_of_talk: JobRequest
) -> None:
    result = await runs.run(replace(request_of_talk, profile=DEFAULT_PROFILE))
    assert [(cue.text, cue.speaker) for cue in result.cues] == [
        (text, speaker) for text, _, speaker in SAID
    ]


async def test_files_and_payloads_name_both(runs: Runs, request_of_talk: JobRequest) -> None:
    result = await runs.run(request_of_talk)
    (cue,) = result.cues
    assert (cue.speaker, cue.turn_speakers) == (None, ("SPEAKER_00", "SPEAKER_01"))
    assert cue_payload(cue)["speakers"] == ["SPEAKER_00", "SPEAKER_01"]
    assert "speaker" not in cue_payload(cue)
    assert decode_value(Cue, encode_value(cue)) == cue
    vtt = render(result.cues, "vtt", request_of_talk.profile, "en")
    assert "<v SPEAKER_00>-Is it late?</v>\n<v SPEAKER_01>-By an hour.</v>\n" in vtt
    read = parse_captions(vtt, "vtt", "en", "manual")
    assert [(each.speaker, each.text) for each in read.items] == [
        ("SPEAKER_00", "-Is it late?"),
        ("SPEAKER_01", "-By an hour."),
    ]
    again = list(authored_cues(read, request_of_talk.profile))
    assert [each.turn_speakers for each in again] == [cue.turn_speakers]
    rows = json.loads(render(result.cues, "json", request_of_talk.profile, "en"))["cues"]
    assert rows[0]["speakers"] == ["SPEAKER_00", "SPEAKER_01"]
    edited = EditedCue(0, 0, 2000, "Is it late?", None, "Anna", 0)
    (renamed,) = cues_with_edits([edited], [cue], "en")
    assert (renamed.speaker, renamed.turn_speakers) == ("Anna", ())
