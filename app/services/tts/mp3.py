"""MP3 encoder for speech."""

from __future__ import annotations

from app.system.filter_subprocess import run_filter

_MIN_DURATION_S = 0.1
"""Shortest file: text without words yields no samples, and players refuse a file without any."""

_COMMAND = (
    *("ffmpeg", "-hide_banner", "-loglevel", "error", "-protocol_whitelist", "pipe"),
    *("-i", "pipe:0", "-vn", "-map_metadata", "-1", "-af", f"apad=whole_dur={_MIN_DURATION_S}"),
    *("-ac", "1", "-c:a", "libmp3lame", "-b:a", "64k"),
    # A pipe is not seekable, so a header with the duration cannot be filled in at the end.
    *("-write_xing", "0", "-id3v2_version", "0", "-f", "mp3", "pipe:1"),
)


async def to_mp3(audio: bytes) -> bytes:
    """Encode audio of any common format as MP3, mono, 64 kbit/s.

    Raises:
        SpeechError: it cannot be decoded.
    """
    return await run_filter(_COMMAND, audio)


def is_mp3(audio: bytes) -> bool:
    """Whether bytes start as an MP3 file does.

    Source: ISO/IEC 11172-3 section 2.4.1.3 (eleven set bits, then layer 01), id3.org.
    """
    if audio.startswith(b"ID3"):
        return True
    return len(audio) > 1 and audio[0] == 0xFF and audio[1] & 0xE6 == 0xE2
