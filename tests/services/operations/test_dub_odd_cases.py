"""Dubs of odd cues and by odd engines: a clear result, and a word for whatever is not spoken."""

from __future__ import annotations

import resource
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from app.domain.cue import Cue
from app.domain.errors import InvalidLanguageError, StorageError
from app.domain.time import Span
from app.services.operations.operation import OperationResult
from app.settings import MediaSettings, Settings, TtsSettings
from tests.conftest import Speech
from tests.services.operations.dubbing import (
    Dubber,
    cues_of,
    decoded,
    lines_of,
    make_media,
    onsets_ms,
)
from tests.services.tts.speech_site import speech_site

RATE_HZ = 16_000
LENGTH_MS = 12_000
COUNT = 24
LONG = "the house is near the river and the winter was very cold that year"


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tone") / "tone.wav"
    return make_media(path, f"sine=f=300:d={LENGTH_MS / 1000}:sample_rate={RATE_HZ}")


def unspoken(result: OperationResult) -> dict[int, str]:
    """Return why lines are not spoken, by the begin of their cues."""
    return {line["cue_start_ms"]: line["reason"] for line in lines_of(result) if not line["spoken"]}


def told(result: OperationResult) -> str:
    return " ".join(text for code, text in result.notices if code == "lines_not_spoken")


def at_rate(wav: bytes, rate_hz: int) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", "-", "-ar", str(rate_hz), "-f", "wav", "-"]
    return subprocess.run(command, input=wav, check=True, capture_output=True).stdout


async def test_each_way_in_which_an_engine_fails_is_told_by_its_line(
    tone: Path, tmp_path: Path, speech: Speech
) -> None:
    """Between lines that it speaks, at one sample rate or another."""
    texts = ["Good evening to you.", "The engine fails.", "It was frozen over.", "Nothing heard."]
    texts += ["We went there again.", "The answer breaks off.", "Thank you very much."]
    wavs = [Path(speech.wav(text)).read_bytes() for text in texts]
    cues = cues_of(*((500 + n * 1600, 2000 + n * 1600, text) for n, text in enumerate(texts)))
    silence = make_media(tmp_path / "silence.wav", "anullsrc=r=8000:cl=mono:d=2").read_bytes()
    (tmp_path / "out").mkdir()
    with speech_site(b"") as site:
        site.answers = {text: (200, wav) for text, wav in zip(texts, wavs, strict=True)}
        site.answers[texts[1]] = (500, b"no")
        site.answers[texts[2]] = (200, at_rate(wavs[2], 8000))
        site.answers[texts[3]] = (200, silence)
        site.answers[texts[4]] = (200, at_rate(wavs[4], 44_100))
        site.answers[texts[5]] = (200, wavs[5][: len(wavs[5]) // 2])
        settings = Settings(tts=TtsSettings(engine="openai", api_url=site.url))
        dubber = Dubber(tmp_path / "out", cues, settings)
        result = await dubber.dub(tone, mode="replace")
        await dubber.synthesizer.close()
    assert unspoken(result) == {
        2100: "speech_failed",
        5300: "speech_silent",
        8500: "speech_truncated",
    }
    for at, code in (("2.1", "speech_failed"), ("5.3", "speech_silent")):
        assert f"1 line (at {at} s) is not spoken ({code})" in told(result)
    sound = decoded(result.files[0].path, RATE_HZ)
    assert len(sound) == LENGTH_MS * RATE_HZ // 1000
    begun = onsets_ms(sound, RATE_HZ, 400)
    wanted = [cue.span.start_ms for n, cue in enumerate(cues) if n % 2 == 0]
    assert all(abs(a - b) <= 100 for a, b in zip(begun, wanted, strict=True)), begun


async def test_odd_cues_are_spoken_or_told(tone: Path, tmp_path: Path) -> None:
    """One letter, no letter, a picture, a cue behind the end, one that goes on behind it."""
    said = [(500, 900, "I"), (1000, 1400, "?!"), (1500, 2400, "👍"), (2500, 2501, "Now!")]
    said += [(11_000, 14_000, "The house is near the river."), (20_000, 22_000, "Good night.")]
    result = await Dubber(tmp_path, cues_of(*said)).dub(tone, mode="replace")
    assert unspoken(result) == {1000: "not_speech", 1500: "not_speech", 20_000: "outside"}
    assert "not spoken (outside)" in told(result)
    assert "not spoken (not_speech)" in told(result)
    assert max(line.get("end_ms", 0) for line in lines_of(result)) <= LENGTH_MS
    assert len(decoded(result.files[0].path, RATE_HZ)) == LENGTH_MS * RATE_HZ // 1000


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("ar", ("\u200fمرحبا بكم في بيتنا.\u200f", "أ")),
        ("he", ("\u202bשלום, מה שלומך?\u202c", "תודה רבה")),
        ("zh-CN", ("你好,欢迎来到这里。", "谢谢")),
    ],
)
async def test_any_script_is_spoken(
    tone: Path, tmp_path: Path, language: str, texts: tuple[str, ...]
) -> None:
    cues = cues_of(
        *((500 + 5000 * n, 5000 + 5000 * n, text) for n, text in enumerate(texts)), of=language
    )
    result = await Dubber(tmp_path, cues, language=language).dub(tone, mode="replace")
    assert [line["fits"] for line in lines_of(result)] == [True, True]
    begun = onsets_ms(decoded(result.files[0].path, RATE_HZ), RATE_HZ, 1500)
    assert all(abs(at - wanted) <= 100 for at, wanted in zip(begun, (500, 5500), strict=True))


async def test_a_language_without_a_voice_is_refused_before_anything_is_fetched(
    tone: Path, tmp_path: Path
) -> None:
    cues = [Cue(0, Span(0, 900), "Hello.", "こんにちは", language="en")]
    dubber = Dubber(tmp_path, cues, target="ja")
    with pytest.raises(InvalidLanguageError, match="speaks ja"):
        await dubber.dub(tmp_path / "is-not-there.mp4", target_lang="ja")
    with pytest.raises(InvalidLanguageError, match="speaks ja"):
        await dubber.dub(tone)  # of the job's translation nobody knows until it is read
    said = await dubber.dub(tone, voice="en-us")
    assert lines_of(said)[0]["voice"] == "en-us", "whoever names a voice gets it"


async def test_many_cues_lie_in_order_and_each_is_spoken_or_told(tmp_path: Path) -> None:
    """Cues of two seconds that overlap, by two speakers in turn, a third of them too long."""
    cues = [
        Cue(
            n,
            Span(n * 2000, n * 2000 + 2100),
            f"{n}: {' '.join(LONG.split()[: 2 + n % 14])}.",
            speaker=f"SPEAKER_0{n % 2}",
            language="en",
        )
        for n in range(COUNT)
    ]
    result = await Dubber(tmp_path, cues).dub(None, mode="replace")
    lines = lines_of(result)
    assert len(lines) == COUNT
    spoken = [line for line in lines if line["spoken"]]
    assert all(a["end_ms"] <= b["start_ms"] for a, b in pairwise(spoken))
    assert all(line["speed_up"] <= 1.25 and abs(line["late_ms"]) <= 2000 for line in spoken)
    assert {line["voice"] for line in spoken} == {"en-us", "en-us+f3"}
    assert all(line["reason"] == "no_room" for line in lines if not line["spoken"])
    codes = dict(result.notices)
    assert ("lines_not_spoken" in codes) is (len(spoken) < COUNT)
    assert len(codes["lines_shifted"]) < 400, "a few times stand for all"


@pytest.mark.parametrize("largest_bytes", [20_000, 300_000], ids=["line", "track"])
async def test_what_cannot_be_written_ends_the_dub_with_a_code(
    tone: Path, tmp_path: Path, largest_bytes: int
) -> None:
    """The kernel lets no file of this process grow further, as a full disk does not."""
    cues = cues_of((500, 4000, f"The house is near the river at {largest_bytes}."))
    dubber = Dubber(tmp_path, cues)
    await dubber.synthesizer.engine()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_bytes, before[1]))
    try:
        with pytest.raises(StorageError, match="File too large"):
            await dubber.dub(tone)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


async def test_a_disk_without_room_is_told_before_anything_is_spoken(
    tone: Path, tmp_path: Path
) -> None:
    settings = Settings(media=MediaSettings(media_reserve_mb=2**30))
    dubber = Dubber(tmp_path, cues_of((500, 2000, "Good evening.")), settings)
    with pytest.raises(StorageError, match="no room"):
        await dubber.dub(tone)
    assert not [each for each in dubber.told if "Speaking" in each.message]
