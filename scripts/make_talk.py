"""Making `samples/two-voices.mp4`: a short talk between two flite voices, with its transcript.

Run as `python -m scripts.make_talk` with flite and ffmpeg. Every sentence is spoken alone, cut
to the speech itself by its energy and laid on one track, so that the times in the transcript are
known from the making and not from listening to the result.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import wave
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
RATE_HZ = 16_000
VOICES = {"Anna": "slt", "Ben": "rms"}
"""Speakers and their flite voices; both come with Debian's `flite`."""

TALK = (
    ("Anna", "Where do you want to go next year?"),
    ("Ben", "I would like to visit my parents in the summer."),
    ("Anna", "Which city do you want to see first?"),
    ("Ben", "First I want to see the museum in the old city."),
    ("Ben", "My brother has a small house in the mountains."),
    ("Anna", "How much time do we have for everything?"),
    ("Ben", "We can take the train in the morning."),
    ("Ben", "The ticket costs twenty dollars."),
    ("Anna", "I will buy the tickets tomorrow."),
    ("Ben", "In the afternoon it will be warm and sunny."),
    ("Anna", "I want to learn the language before we travel."),
    ("Ben", "The food is excellent and the people are very friendly."),
    ("Ben", "My parents live in a big house with a garden."),
    ("Anna", "I am very happy because we will travel together."),
)

LEAD_MS = 500
PAUSE_MS = 600
TURN_PAUSE_MS = 800
"""Pauses: before the first word, between sentences of one speaker, and between speakers."""

SILENCE_DB = -40.0
"""Below this, relative to the sentence's loudest frame, a frame is silence."""

FRAME = RATE_HZ // 200

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence on the track."""

    speaker: str
    text: str
    start_ms: int
    end_ms: int


def main() -> None:
    """Write the clip and its transcript."""
    SAMPLES.mkdir(exist_ok=True)
    track, sentences = lay_out(TALK)
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "talk.wav"
        write_wav(wav, track)
        encode(wav, SAMPLES / "two-voices.mp4")
    transcript = {
        "language": "en-US",
        "duration_ms": round(len(track) * 1000 / RATE_HZ),
        "sentences": [
            {
                "speaker": sentence.speaker,
                "text": sentence.text,
                "start_ms": sentence.start_ms,
                "end_ms": sentence.end_ms,
            }
            for sentence in sentences
        ],
    }
    text = json.dumps(transcript, indent=2) + "\n"
    (SAMPLES / "two-voices.json").write_text(text, encoding="utf-8")
    print(f"samples/two-voices.mp4: {transcript['duration_ms']} ms, {len(sentences)} sentences")


def lay_out(talk: Sequence[tuple[str, str]]) -> tuple[Samples, list[Spoken]]:
    """Speak every sentence and lay it on the track.

    Returns:
        The track, mono at 16 kHz, -1..1, and where each sentence is on it.
    """
    parts = [silence(LEAD_MS)]
    sentences: list[Spoken] = []
    at = len(parts[0])
    for number, (speaker, text) in enumerate(talk):
        if number:
            same = talk[number - 1][0] == speaker
            parts.append(silence(PAUSE_MS if same else TURN_PAUSE_MS))
            at += len(parts[-1])
        speech = trimmed(speak(text, VOICES[speaker]))
        end = at + len(speech)
        sentences.append(Spoken(speaker, text, at * 1000 // RATE_HZ, end * 1000 // RATE_HZ))
        parts.append(speech)
        at = end
    parts.append(silence(LEAD_MS))
    return np.concatenate(parts), sentences


def silence(ms: int) -> Samples:
    """Return silence."""
    return np.zeros(ms * RATE_HZ // 1000, dtype=np.float32)


def speak(text: str, voice: str) -> Samples:
    """Return a sentence as flite says it, mono at 16 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sentence.wav"
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True)
        with wave.open(str(path)) as wav:
            if (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) != (RATE_HZ, 1, 2):
                raise SystemExit(f"flite's voice {voice} is not 16-bit mono at {RATE_HZ} Hz")
            pcm = np.frombuffer(wav.readframes(wav.getnframes()), dtype="<i2")
    return (pcm / 32768).astype(np.float32)


def trimmed(speech: Samples) -> Samples:
    """Return the speech without the silence that flite puts around it, to 5 ms."""
    frames = speech[: len(speech) // FRAME * FRAME].reshape(-1, FRAME)
    energy = (frames.astype(np.float64) ** 2).mean(axis=1)
    loud = np.flatnonzero(energy > energy.max() * 10 ** (SILENCE_DB / 10))
    return speech[loud[0] * FRAME : (loud[-1] + 1) * FRAME]


def write_wav(path: Path, track: Samples) -> None:
    """Write a 16-bit mono file at 16 kHz."""
    with wave.open(str(path), "wb") as wav:
        wav.setnchannels(1)
        wav.setsampwidth(2)
        wav.setframerate(RATE_HZ)
        wav.writeframes((np.clip(track, -1, 1) * 32767).astype("<i2").tobytes())


def encode(wav: Path, mp4: Path) -> None:
    """Put the track under a drawing of its waveform; the same input gives the same file."""
    drawing = (
        "[0:a]showwaves=s=640x200:mode=cline:rate=12:colors=0x7fd1ae,format=rgba[waves];"
        "gradients=s=640x360:r=12:c0=0x10243f:c1=0x1f4d6b:n=2:x0=0:y0=0:x1=640:y1=360"
        ":speed=0.00001:seed=1[sky];"
        "[sky][waves]overlay=0:80:shortest=1,format=yuv420p[picture]"
    )
    command: list[Any] = ["ffmpeg", "-y", "-v", "error", "-i", wav]
    command += ["-filter_complex", drawing, "-map", "[picture]", "-map", "0:a"]
    command += ["-c:v", "libx264", "-preset", "veryslow", "-crf", "30", "-g", "48"]
    command += ["-c:a", "aac", "-b:a", "64k", "-ar", str(RATE_HZ), "-threads", "1"]
    command += ["-flags", "+bitexact", "-fflags", "+bitexact", "-map_metadata", "-1"]
    command += ["-movflags", "+faststart", mp4]
    subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
