"""Timecodes of subtitle files."""

from __future__ import annotations


def clock_time(time_ms: int, separator: str = ".") -> str:
    """Return ``HH:MM:SS.mmm``; hours take as many digits as they need, at least two."""
    seconds, milliseconds = divmod(time_ms, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{separator}{milliseconds:03d}"


def short_clock_time(time_ms: int) -> str:
    """Return ``H:MM:SS.mmm``."""
    return clock_time(time_ms).removeprefix("0")


def minute_time(time_ms: int) -> str:
    """Return ``MM:SS.cc``, rounded to the nearest hundredth, halves up; hours are minutes too."""
    seconds, centiseconds = divmod((time_ms + 5) // 10, 100)
    minutes, seconds = divmod(seconds, 60)
    return f"{minutes:02d}:{seconds:02d}.{centiseconds:02d}"


def centisecond_time(time_ms: int) -> str:
    """Return ``H:MM:SS.cc``, rounded to the nearest hundredth, halves up."""
    seconds, centiseconds = divmod((time_ms + 5) // 10, 100)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}.{centiseconds:02d}"
