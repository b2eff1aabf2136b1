"""Making `samples/voicemail.mp4`: two people's speech in two languages, with its transcript.

Run by `make samples`. A voice mailbox speaks Spanish, and its three messages are English: somebody
reads a novel aloud. Every recording is cut to the speech itself by its energy and laid on one
track, so the times in the transcript are known from the making and not from listening to the
result. The recordings come from Debian packages; see `samples/README.md` for their licences.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import numpy as np

from scripts.sample_clip import (
    RATE_HZ,
    Samples,
    encode,
    levelled,
    read_samples,
    silence,
    trimmed,
    write_wav,
)
from scripts.voice_prompts import VOICES, unpacked_packages

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
NAME = "voicemail"

LEAD_MS = 500
JOIN_MS = 120
PAUSE_MS = 600
TURN_PAUSE_MS = 900
"""Silence before the first word and after the last, between the recordings of one sentence, between
sentences of one speaker, and between speakers."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Somebody who is heard.

    Attributes:
        language: BCP 47.
        floor_db: what is quieter than this, relative to a recording's loudest frame, is no speech;
            the reader of the book breathes in at up to -30 dB, and the prompts have no such noise.
        colour: in which the speaker's waveform is drawn.
    """

    name: str
    language: str
    floor_db: float
    colour: str


MAILBOX = Speaker("Allison Smith", "es", floor_db=-40.0, colour="0xffc861")
READER = Speaker("LibriVox reader", "en", floor_db=-30.0, colour="0x7fd1ae")


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence, and the recordings that say it, in order.

    The texts say what is heard. For the Spanish recordings it differs from the text in their
    package, which leaves out accents and, before digits, the words "número" and "el número".
    """

    speaker: Speaker
    text: str
    recordings: tuple[str, ...]


TALK = (
    Sentence(MAILBOX, "Correo de voz. Ingrese su extensión.", ("vm-login",)),
    Sentence(
        MAILBOX,
        "Usted tiene tres mensajes nuevos.",
        ("vm-youhave", "digits/3", "vm-messages", "vm-INBOX"),
    ),
    Sentence(
        MAILBOX,
        "Marque el asterisco para obtener ayuda o la tecla de número para salir.",
        ("vm-helpexit",),
    ),
    Sentence(
        READER,
        "And Mr. John Dashwood had then leisure to consider how much there might be prudently "
        "in his power to do for them.",
        ("0870",),
    ),
    Sentence(MAILBOX, "Marque número 5 para repetir el mensaje.", ("vm-repeat",)),
    Sentence(MAILBOX, "Marque el número 7 para borrar el mensaje.", ("vm-delete",)),
    Sentence(MAILBOX, "Su mensaje ha sido guardado.", ("vm-msgsaved",)),
    Sentence(
        READER,
        "He was not an ill-disposed young man, unless to be rather cold-hearted and rather "
        "selfish is to be ill-disposed.",
        ("0880", "0890"),
    ),
    Sentence(MAILBOX, "Lo siento, pero no sé quién ha enviado este mensaje.", ("vm-nonumber",)),
    Sentence(
        MAILBOX, "Marque el número 8 para enviar este mensaje a otro usuario.", ("vm-toforward",)
    ),
    Sentence(
        READER,
        "Had he married a more amiable woman, he might have been made still more respectable "
        "than he was.",
        ("0920",),
    ),
    Sentence(READER, "He might even have been made amiable himself.", ("0930",)),
    Sentence(MAILBOX, "No hay más mensajes.", ("vm-nomore",)),
    Sentence(MAILBOX, "Las comadrejas se han comido nuestro sistema telefónico.", ("tt-weasels",)),
    Sentence(MAILBOX, "Muchas gracias por su paciencia.", ("queue-thankyou",)),
    Sentence(MAILBOX, "Hasta pronto.", ("vm-goodbye",)),
)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A sentence on the track."""

    speaker: str
    language: str
    text: str
    start_ms: int
    end_ms: int


@dataclass(frozen=True, slots=True)
class Turn:
    """One speaker's sentences between two changes of the speaker."""

    speaker: str
    language: str
    start_ms: int
    end_ms: int


def main() -> None:
    """Write the clip and its transcript."""
    SAMPLES.mkdir(exist_ok=True)
    track, sentences = lay_out(TALK)
    with tempfile.TemporaryDirectory() as folder:
        wavs = []
        for speaker in (MAILBOX, READER):
            wav = Path(folder) / f"{speaker.language}.wav"
            write_wav(wav, only(speaker, track, sentences))
            wavs.append((wav, speaker.colour))
        encode(wavs, SAMPLES / f"{NAME}.mp4")
    transcript = {
        "duration_ms": round(len(track) * 1000 / RATE_HZ),
        "sentences": [asdict(sentence) for sentence in sentences],
        "turns": [asdict(turn) for turn in turns(sentences)],
    }
    text = json.dumps(transcript, indent=2, ensure_ascii=False) + "\n"
    (SAMPLES / f"{NAME}.json").write_text(text, encoding="utf-8")
    print(f"samples/{NAME}.mp4: {transcript['duration_ms']} ms, {len(sentences)} sentences")


def lay_out(talk: Sequence[Sentence]) -> tuple[Samples, list[Spoken]]:
    """Cut out every sentence and lay it on the track.

    Returns:
        The track, mono at 16 kHz, -1..1, and where each sentence is on it.
    """
    parts = [silence(LEAD_MS)]
    sentences: list[Spoken] = []
    at = len(parts[0])
    for number, sentence in enumerate(talk):
        if number:
            same = talk[number - 1].speaker == sentence.speaker
            parts.append(silence(PAUSE_MS if same else TURN_PAUSE_MS))
            at += len(parts[-1])
        speech = said(sentence)
        times = (at * 1000 // RATE_HZ, (at + len(speech)) * 1000 // RATE_HZ)
        speaker = sentence.speaker
        sentences.append(Spoken(speaker.name, speaker.language, sentence.text, *times))
        parts.append(speech)
        at += len(speech)
    return np.concatenate([*parts, silence(LEAD_MS)]), sentences


def said(sentence: Sentence) -> Samples:
    """Return the speech of a sentence's recordings, joined, at one level."""
    parts: list[Samples] = []
    for name in sentence.recordings:
        samples = read_samples(recording(sentence.speaker, name))
        parts += [silence(JOIN_MS), levelled(trimmed(samples, sentence.speaker.floor_db))]
    return np.concatenate(parts[1:])


@cache
def recording(speaker: Speaker, name: str) -> Path:
    """Return the file of a recording, downloaded once on a machine."""
    if speaker == MAILBOX:
        package = "asterisk-core-sounds-es"
        folder = unpacked_packages("es", package, f"{package}-wav")
        return folder / "usr/share/asterisk/sounds" / VOICES["es"] / f"{name}.wav"
    folder = unpacked_packages("librivox", "pocketsphinx-testdata")
    book = folder / "usr/share/pocketsphinx/test/data/librivox"
    return book / f"sense_and_sensibility_01_austen_64kb-{name}.wav"


def only(speaker: Speaker, track: Samples, sentences: Sequence[Spoken]) -> Samples:
    """Return the track with one speaker's sentences alone."""
    alone = np.zeros_like(track)
    for sentence in sentences:
        if sentence.speaker == speaker.name:
            first, last = (ms * RATE_HZ // 1000 for ms in (sentence.start_ms, sentence.end_ms))
            alone[first:last] = track[first:last]
    return alone


def turns(sentences: Sequence[Spoken]) -> list[Turn]:
    """Return the turns that the sentences make."""
    found: list[Turn] = []
    for sentence in sentences:
        start_ms = sentence.start_ms
        if found and found[-1].speaker == sentence.speaker:
            start_ms = found.pop().start_ms
        found.append(Turn(sentence.speaker, sentence.language, start_ms, sentence.end_ms))
    return found


if __name__ == "__main__":
    main()
