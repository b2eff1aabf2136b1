"""Formats of speech output, made by ffmpeg from samples."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.services.tts.speech_sound import SpeechSound
from app.system.filter_subprocess import run_filter


@dataclass(frozen=True, slots=True)
class SpeechFormat:
    """A format.

    Attributes:
        media_type: of the answer.
        encoder: ffmpeg's arguments for the output; empty where samples are the format.
    """

    media_type: str
    encoder: tuple[str, ...]


PCM_RATE_HZ = 24_000
"""Rate of headerless samples. Source: OpenAI's guide to text to speech."""

SPEECH_FORMATS: Mapping[str, SpeechFormat] = {
    "mp3": SpeechFormat("audio/mpeg", ("-c:a", "libmp3lame", "-b:a", "64k", "-f", "mp3")),
    "opus": SpeechFormat(
        "audio/ogg", ("-ar", "48000", "-c:a", "libopus", "-b:a", "32k", "-f", "ogg")
    ),
    "aac": SpeechFormat("audio/aac", ("-c:a", "aac", "-b:a", "64k", "-f", "adts")),
    "flac": SpeechFormat("audio/flac", ("-c:a", "flac", "-f", "flac")),
    "wav": SpeechFormat("audio/wav", ()),
    "pcm": SpeechFormat(
        f"audio/pcm;rate={PCM_RATE_HZ};channels=1",
        ("-ar", str(PCM_RATE_HZ), "-c:a", "pcm_s16le", "-f", "s16le"),
    ),
}


async def encode_speech(sound: SpeechSound, name: str) -> bytes:
    """Return a sound in a format of `SPEECH_FORMATS`.

    Raises:
        SpeechError: the encoder failed.
    """
    wav = sound.to_wav()
    encoder = SPEECH_FORMATS[name].encoder
    if not encoder:
        return wav
    command = ("ffmpeg", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "pipe")
    return await run_filter((*command, "-i", "pipe:0", "-ac", "1", *encoder, "pipe:1"), wav)
