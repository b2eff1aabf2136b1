"""Sentences spoken by flite."""

from __future__ import annotations

import subprocess
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.time import SAMPLE_RATE_HZ
from bench.figure import BenchError

Pcm = NDArray[np.int16]
"""Mono 16-bit samples at 16 kHz, shape ``(n,)``."""

VOICES = ("slt", "rms")

SENTENCES = (
    "We measure the height of the river every morning.",
    "The water came up very fast last night.",
    "Please tell the people near the bridge.",
    "I will call them before the sun goes down.",
    "Thank you for your help with this work.",
    "Where do you want to go next summer?",
    "My brother has a small house in the mountains.",
    "We can take the train in the morning.",
    "The ticket costs twenty dollars.",
    "On Saturday it will be warm and sunny.",
    "The food is excellent and the people are very friendly.",
    "She opened the window and looked at the street.",
    "There are three chairs and a table in the kitchen.",
    "He reads the newspaper while he drinks his coffee.",
    "The children play in the garden after school.",
    "I have never seen so much snow in April.",
    "The doctor said that he must rest for two weeks.",
    "Our neighbors bought a new car last month.",
    "The library closes at six in the evening.",
    "Nobody knows why the old clock stopped.",
    "You should bring a coat because it is cold outside.",
    "The museum shows pictures of the old harbor.",
    "They walked along the beach for an hour.",
    "The teacher asked a question about the moon.",
    "I forgot my keys on the kitchen table.",
    "The bus was late because of the rain.",
    "A good friend is worth more than gold.",
    "We planted apple trees behind the barn.",
    "The baker gets up at three every day.",
    "Can you show me the way to the station?",
    "The letter arrived on the first of March.",
    "He paid for dinner with the last of his money.",
    "The dog waited at the door until she came home.",
    "Their daughter studies music in the city.",
    "The wind broke a branch of the tall tree.",
    "I would rather stay at home and read a book.",
)


def speak(folder: Path) -> list[Pcm]:
    """Return every sentence in every voice.

    Args:
        folder: for files in between.

    Raises:
        BenchError: flite is missing or has no such voice.
    """
    return [_spoken(text, voice, folder / "spoken.wav") for text in SENTENCES for voice in VOICES]


def _spoken(text: str, voice: str, path: Path) -> Pcm:
    try:
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchError("flite with its voices slt and rms is needed") from error
    with wave.open(str(path)) as wav:
        if (wav.getframerate(), wav.getnchannels(), wav.getsampwidth()) != (SAMPLE_RATE_HZ, 1, 2):
            raise BenchError(f"flite's voice {voice} is not 16-bit mono at {SAMPLE_RATE_HZ} Hz")
        return np.frombuffer(wav.readframes(wav.getnframes()), "<i2")
