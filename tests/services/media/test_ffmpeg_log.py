from textwrap import dedent

import pytest

from app.domain.errors import (
    ForbiddenMediaError,
    MediaError,
    TruncatedMediaError,
    UnreadableMediaError,
)
from app.services.media.ffmpeg_log import FfmpegReport


def report_of(log: str) -> FfmpegReport:
    report = FfmpegReport()
    for line in dedent(log).strip("\n").split("\n"):
        report.read(line)
    return report


def test_header_of_a_video() -> None:
    report = report_of("""\
        Input #0, mov,mp4,m4a,3gp,3g2,mj2, from 'pipe:0':
          Metadata:
            title           : partial file, Skipped opening external track
                            : moov atom not found
            Duration        : 99:00:00.00
          Duration: 01:02:03.45, start: 0.000000, bitrate: 230 kb/s
          Stream #0:0[0x1](und): Video: h264 (High) (avc1 / 0x31637661), yuv420p, 320x240
          Stream #0:1[0x2](und): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, mono, fltp
        Stream mapping:
          Stream #0:1 -> #0:0 (aac (native) -> pcm_s16le (native))
        Output #0, smjpeg, to 'pipe:1':
          Stream #0:0: Audio: pcm_s16le, 16000 Hz, 5.1(side), s16, 1536 kb/s (default)
        """)
    assert report.duration_ms == 3_723_450
    assert report.bit_rate_kbps == 230
    assert report.has_video
    assert report.header_read.is_set()
    assert report.layout == "5.1(side)"
    assert not report.estimated
    assert not report.truncated
    assert isinstance(report.error(), UnreadableMediaError)


def test_a_cover_is_no_video_and_a_guess_is_told() -> None:
    report = report_of("""\
        [mp3 @ 0x560507da0980] Estimating duration from bitrate, this may be inaccurate
        Input #0, mp3, from 'file:/tmp/a.mp3':
          Duration: 00:00:30.02, start: 0.025057, bitrate: 64 kb/s
          Stream #0:0: Audio: mp3, 44100 Hz, mono, fltp, 64 kb/s
          Stream #0:1: Video: mjpeg (Baseline), yuvj420p(pc), 600x600, 90k tbr (attached pic)
        """)
    assert report.estimated
    assert not report.has_video
    assert not report.header_read.is_set()


def test_an_unknown_duration() -> None:
    report = FfmpegReport()
    report.read("  Duration: N/A, start: 0.000000, bitrate: 705 kb/s")
    assert report.duration_ms is None
    assert report.bit_rate_kbps == 705
    report = FfmpegReport()
    report.read("  Duration: N/A, bitrate: N/A")
    assert report.duration_ms is None
    assert report.bit_rate_kbps is None


@pytest.mark.parametrize(
    ("line", "error", "text"),
    [
        ("[hls @ 0x1f] Format not on whitelist 'aac,mov'", ForbiddenMediaError, "refers to other"),
        ("[png_pipe @ 0x1f] Format not on whitelist 'aac'", UnreadableMediaError, "not audio"),
        (
            "[mov,mp4,m4a,3gp,3g2,mj2 @ 0x1f] Skipped opening external track: stream 0",
            ForbiddenMediaError,
            "refers to other",
        ),
        (
            "[matroska,webm @ 0x1f] Protocol 'http' not on whitelist 'file'!",
            ForbiddenMediaError,
            "refers to other",
        ),
        ("[mov,mp4 @ 0x1f] moov atom not found", TruncatedMediaError, "cut off"),
        ("[mov,mp4 @ 0x1f] stream 1, offset 0xcb: partial file", TruncatedMediaError, "cut off"),
        ("Output file #0 does not contain any stream", UnreadableMediaError, "no audio track"),
        (
            "file:/tmp/x: Invalid data found when processing input",
            UnreadableMediaError,
            "not audio",
        ),
    ],
)
def test_reasons(line: str, error: type[MediaError], text: str) -> None:
    reason = report_of(line).error()
    assert type(reason) is error
    assert text in reason.message
