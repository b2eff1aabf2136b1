"""The parts of the comparison on human speech, on made-up results; no model is loaded."""

from pathlib import Path

import numpy as np
import pytest

from app.domain.time import Span
from bench.comparison import (
    Comparison,
    comparison_lines,
    merged_comparisons,
    read_comparisons,
    write_comparisons,
)
from bench.long_form import doubled_prompts, lost_prompts, start_drift_ms
from bench.no_speech import SOUNDS, no_speech
from bench.peer_cache import PeerCache
from bench.percentile import percentile
from bench.recognition import Recognition, TimedText, timed
from bench.speech_corpus import evenly, write_wav
from bench.whole_file import median_ratio
from bench.word_errors import normalized, word_error_rate
from bench.word_match import Utterance, time_errors
from tests.conftest import read_samples


def test_words_are_compared_without_case_accents_and_punctuation() -> None:
    assert normalized("¡La contraseña, por favor... re-enviado!") == [
        "la", "contrasena", "por", "favor", "re", "enviado",
    ]  # fmt: skip
    assert normalized("L’appel ÉTÉ") == ["l", "appel", "ete"]
    assert normalized("Ещё й") == normalized("еще и")
    assert normalized("...") == []


def test_errors_are_counted_by_the_words_that_were_spoken() -> None:
    assert word_error_rate("Press one, or hang up.", "press 1 or hang up", "en") == 0
    assert word_error_rate("press one or hang up", "press or hang it up", "en") == pytest.approx(
        2 / 5
    )
    assert word_error_rate("press one", "", "en") == 1
    assert word_error_rate("Нажмите 6, M I S D N!", "нажмите шесть MISDN", "ru") == 0
    assert word_error_rate("Il y a", "il ya", "fr") > 0


def _said(text: str, start_ms: int, end_ms: int) -> Utterance:
    return Utterance(text, Span(start_ms, end_ms))


def _words(*words: tuple[str, int, int]) -> list[TimedText]:
    return [TimedText(text, Span(start, end)) for text, start, end in words]


def test_times_of_first_and_last_words_are_compared_where_the_texts_agree() -> None:
    spoken = [_said("Press one", 500, 1500), _said("L'appel, fini!", 2400, 3000)]
    words = _words(
        ("press", 540, 900), ("One.", 900, 1470), ("l'appel", 2300, 2700), ("fini", 2700, 3100)
    )
    found = time_errors(spoken, words)
    assert found.starts_ms == {0: 40, 1: -100}
    assert found.ends_ms == {0: -30, 1: 100}


def test_a_word_that_is_elsewhere_in_time_is_no_other_word() -> None:
    spoken = [_said("press one", 500, 1500), _said("press two", 2400, 3400)]
    words = _words(
        ("press", 2400, 2600), ("one", 2600, 3000), ("press", 3000, 3200), ("two", 3200, 3400)
    )
    assert time_errors(spoken, words).starts_ms == {0: 1900, 1: 600}


def test_edges_that_are_not_recognised_do_not_count() -> None:
    spoken = [_said("hang up now", 0, 1000), _said("goodbye", 2000, 2500)]
    words = _words(("hank", 0, 300), ("up", 300, 600), ("now", 600, 900), ("goodbye", 2000, 2450))
    found = time_errors(spoken, words)
    assert found.starts_ms == {1: 0}
    assert found.ends_ms == {0: -100, 1: -50}
    inserted = _words(("hang", 0, 300), ("it", 300, 400), ("up", 400, 600), ("now", 600, 900))
    assert time_errors(spoken[:1], inserted).starts_ms == {}
    assert time_errors(spoken, []).starts_ms == {}


def test_items_are_chosen_as_far_apart_as_can_be() -> None:
    assert evenly(range(10), 4) == [0, 2, 5, 7]
    assert evenly(range(3), 4) == [0, 1, 2]


def test_recordings_are_written_as_they_are(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).uniform(-1, 1, 16_000).astype(np.float32)
    write_wav(tmp_path / "noise.wav", samples)
    assert np.abs(read_samples(tmp_path / "noise.wav") - samples).max() < 1e-4


class _Peer:
    packages = ("numpy",)

    def __init__(self) -> None:
        self.asked = 0

    def recognize(self, media: Path, language: str | None, *, words: bool = False) -> Recognition:
        self.asked += 1
        return Recognition(language or "en", (timed(" Привет ", 0.5, 1.0),))


def test_a_peer_is_asked_once_for_a_file_and_its_options(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"weights")
    media, same, other = (tmp_path / name for name in ("a.wav", "b.wav", "c.wav"))
    for path, content in ((media, b"a"), (same, b"a"), (other, b"c")):
        path.write_bytes(content)
    peer, cache = _Peer(), PeerCache(tmp_path, folder=tmp_path / "kept")
    first = cache.recognize("peer", peer, media, "ru")
    assert first.text == "Привет"
    assert cache.recognize("peer", peer, same, "ru") == first
    assert peer.asked == 1
    assert cache.recognize("peer", peer, media, None).language == "en"
    cache.recognize("peer", peer, media, "ru", words=True)
    cache.recognize("peer", peer, other, "ru")
    cache.recognize("other peer", peer, media, "ru")
    assert peer.asked == 5
    PeerCache(tmp_path, True, tmp_path / "kept").recognize("peer", peer, media, "ru")
    assert peer.asked == 6


def test_a_peers_times_are_in_order() -> None:
    assert timed("a", -0.01, 1.0004) == TimedText("a", Span(0, 1000))
    assert timed("a", 2.0, 1.9) == TimedText("a", Span(2000, 2000))


def test_the_table_has_a_column_for_each_side_and_names_the_machine(tmp_path: Path) -> None:
    rows = [
        Comparison("errors", "%", {"cuestream": 3.04, "sequential": 3, "batched": 4.12345}, "A"),
        Comparison("time", "s", {"cuestream": 1, "whisperx": 0}, "A"),
    ]
    assert rows[0].shown == ("errors (%): cuestream 3.04, sequential 3, batched 4.123, whisperx —")
    path = tmp_path / "rows.json"
    assert read_comparisons(path) == []
    write_comparisons(path, rows)
    assert comparison_lines(read_comparisons(path)) == [
        "Measured on A.",
        "",
        "| what | Cuestream | faster-whisper | faster-whisper, batched | whisperx | unit |",
        "|---|---:|---:|---:|---:|---|",
        "| errors | 3.04 | 3 | 4.123 | — | % |",
        "| time | 1 | — | — | 0 | s |",
    ]
    again = [Comparison("time", "s", {}, "B"), Comparison("new", "", {}, "B")]
    merged = merged_comparisons(rows, again)
    assert [(row.what, row.machine) for row in merged] == [
        ("errors", "A"), ("time", "B"), ("new", "B"),
    ]  # fmt: skip


@pytest.mark.parametrize("name", SOUNDS)
def test_sounds_without_speech_are_the_same_each_time(name: str) -> None:
    first, again = no_speech(name, 8), no_speech(name, 8)
    assert np.array_equal(first, again)
    assert first.dtype == np.float32
    assert first.shape == (8 * 16_000,)
    if name == "digital silence":
        assert not first.any()
    else:
        assert np.sqrt((first**2).mean()) == pytest.approx(0.1, rel=0.15)


def test_sounds_have_the_frequencies_that_they_are_named_for() -> None:
    def loudest_hz(name: str) -> float:
        spectrum = np.abs(np.fft.rfft(no_speech(name, 2)))
        return float(np.argmax(spectrum)) / 2

    assert loudest_hz("mains hum") == 50
    assert loudest_hz("ringing telephone") in (440, 480)
    assert 697 <= loudest_hz("DTMF") <= 1633


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentile([30, 10, 20], 50) == 20
    assert percentile(range(1, 101), 95) == 95
    assert percentile([7], 95) == 7


def test_times_are_compared_round_by_round() -> None:
    spent_s = {"a": [1.0, 4.0, 3.0], "b": [2.0, 2.0, 2.0]}
    assert median_ratio(spent_s, "a", "b") == 1.5


HOUR = [
    _said("Press one", 1000, 2000),
    _said("hang up now", 3000, 4000),
    _said("two", 6000, 6500),
    _said("goodbye my friend", 1_300_000, 1_301_000),
]


def test_a_prompt_is_lost_where_none_of_its_words_is_near() -> None:
    heard = _words(("press", 3800, 4200), ("hank", 3000, 3300), ("goodbye", 1_297_000, 1_297_500))
    assert lost_prompts(HOUR, heard) == 2
    heard = _words(("Press", 3800, 4100), ("up", 3000, 3300), ("goodbye!", 1_298_500, 1_299_500))
    assert lost_prompts(HOUR, heard) == 0
    assert lost_prompts(HOUR, []) == 3


def test_a_prompt_is_doubled_where_all_its_words_come_twice() -> None:
    twice = _words(("press", 1000, 1200), ("one", 1200, 1500), ("press", 1500, 1700))
    assert doubled_prompts(HOUR, twice) == 0
    assert doubled_prompts(HOUR, [*twice, *_words(("one", 1700, 2000))]) == 1


def test_drift_is_how_much_later_words_start_in_the_end() -> None:
    heard = _words(
        ("press", 1020, 1400), ("one", 1400, 2000), ("goodbye", 1_300_070, 1_300_300),
        ("my", 1_300_300, 1_300_500), ("friend", 1_300_500, 1_301_000),
    )  # fmt: skip
    assert start_drift_ms(HOUR, heard) == 50
    assert start_drift_ms(HOUR, heard[:2]) == 0
