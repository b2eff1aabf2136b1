"""Command lines of ffmpeg for untrusted media."""

from __future__ import annotations

from pathlib import Path

from app.domain.time import SAMPLE_RATE_HZ

DEMUXERS = (
    # Containers of video with audio.
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,kux,mpeg,mpegts,asf,asf_o,rm,ivr,mxf,gxf,dv,"
    "wtv,nut,nuv,nsv,ogg,"
    # Audio alone.
    "aac,ac3,aea,aiff,amr,amrnb,amrwb,ape,au,caf,dsf,dts,dtshd,eac3,flac,gsm,iff,ircam,loas,"
    "mlp,truehd,mp3,mpc,mpc8,oma,qcp,rso,rf64,shn,sox,tak,tta,voc,w64,wav,wsd,wv,xwma"
)
"""Demuxers that read one file and nothing else.

Left out on purpose are demuxers that open other files or addresses (hls, dash, concat, imf, sdp,
rtsp, rtp, webm_dash_manifest, image2), make media out of a description (lavfi, ffmetadata), read
a device, or run an interpreter of their own (libopenmpt, libgme). QuickTime files may name other
files too; ffmpeg follows them only with ``-enable_drefs``, which is never given.
Source: libavformat/allformats.c and the demuxers of ffmpeg 5.1.
"""

_QUIET = ("-hide_banner", "-nostats", "-nostdin")
_AUDIO_ALONE = ("-vn", "-sn", "-dn")


_KEEP_PICTURE = ("-map", "0:V:0?", "-map", "0:a:0", "-c", "copy", "-f", "null", "-")
"""A second output, which is discarded, so that the video stream counts as in use."""


def decode_command(path: Path | None, head: bytes) -> list[str]:
    """Return the command that writes mono 16-bit PCM at 16 kHz to stdout, in packets with times.

    The best audio track is chosen by ffmpeg: the default one, else that with most channels.
    Sample 0 is the container's time 0. What lies before it is cut off; a track that starts late,
    and holes in it, are left as they are: ffmpeg would fill them in memory, however long they
    claim to be. The reader counts them by the packets' times, see ``timed_pcm``.

    Args:
        path: the file, or None to read stdin.
        head: the first 200 bytes of the media.
    """
    # The container counts milliseconds, so times are stretched until one of them is one sample.
    in_samples = f"asetpts=PTS*{SAMPLE_RATE_HZ // 1000}"
    timed = f"aresample={SAMPLE_RATE_HZ},atrim=start_pts=0,{in_samples}"
    output = ["-ac", "1", "-c:a", "pcm_s16le", "-f", "smjpeg", "pipe:1"]
    return [
        *("ffmpeg", *_QUIET, "-loglevel", "info", "-threads", "1"),
        *_input(path),
        *(*_AUDIO_ALONE, "-map_metadata", "-1", "-af", timed, *output),
        # Of an MPEG stream, ffmpeg counts time from the first stream *in use*.
        *(_KEEP_PICTURE if _is_mpeg_stream(head) else ()),
    ]


def _is_mpeg_stream(head: bytes) -> bool:
    """Recognise a transport stream, with or without time codes, or a program stream.

    Source: ISO/IEC 13818-1 sections 2.4.3.2 (packets of 188 bytes that begin with 0x47) and
    2.5.3.3 (pack start code); Blu-ray puts 4 bytes ahead of each packet.
    """
    packets = any(head[at : at + 1] == b"G" == head[at + 188 + at : at + 189 + at] for at in (0, 4))
    return packets or head.startswith(b"\x00\x00\x01\xba")


def last_packets_command(path: Path, seconds: int) -> list[str]:
    """Return the command that lists the packets of a file's last seconds.

    Each line is ``stream, dts, pts, duration, size, checksum``, the times relative to the point
    ``seconds`` before the end by the container's duration, in units of the line ``#tb``.
    """
    return [
        *("ffmpeg", *_QUIET, "-loglevel", "warning", "-sseof", f"-{seconds}"),
        *_input(path),
        *("-map", "0:a?", "-map", "0:V?", "-c", "copy", "-f", "framecrc", "pipe:1"),
    ]


def _input(path: Path | None) -> tuple[str, ...]:
    # With the protocol ahead of the path, ffmpeg does not parse one from the path.
    protocol, name = ("pipe", "pipe:0") if path is None else ("file", f"file:{path.absolute()}")
    return ("-protocol_whitelist", protocol, "-format_whitelist", DEMUXERS, "-i", name)
