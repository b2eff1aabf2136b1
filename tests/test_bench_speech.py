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
from bench.peer_cache import PeerCache
from bench.recognition import Recognition, TimedText, timed
from bench.speech_corpus import evenly, write_wav
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
    assert word_error_rate("Press one, or hang up.", "press ONE or hang up") == 0
    assert word_error_rate("press one or hang up", "press or hang it up") == pytest.approx(2 / 5)
    assert word_error_rate("press one", "") == 1


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
