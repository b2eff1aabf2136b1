"""Command lines of ffmpeg for untrusted media."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.domain.time import SAMPLE_RATE_HZ
from app.services.media.id3_tag import without_tags

DEMUXERS = (
    # Containers of video with audio.
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,kux,mpeg,mpegts,asf,asf_o,rm,ivr,mxf,gxf,dv,"
    "wtv,nut,nuv,nsv,ogg,"
    # Moving pictures.
    "gif,"
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


@dataclass(frozen=True, slots=True)
class FileRange:
    """Bytes of a file, ``start`` to one before ``end``."""

    path: Path
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class MendedFile:
    """A file with another beginning.

    Attributes:
        head: file with the beginning.
        path: the file.
        rest: where it goes on behind the beginning.
    """

    head: Path
    path: Path
    rest: int


MediaInput = Path | FileRange | MendedFile | None
"""What a command reads: a file, a range of one, one with another beginning, or its stdin."""

_QUIET = ("-hide_banner", "-nostats", "-nostdin")


_KEEP_PICTURE = ("-map", "0:V:0?", "-c", "copy", "-f", "null", "-")
"""A second output, which is discarded, so that the video stream counts as in use."""

_RESTARTING_CLOCK = (
    # 0: what is added to the times; 1: where the next frame is expected.
    "st(0,if(gt(N,0)*lt(PTS+ld(0),ld(1)-SR),ld(1)-PTS,ld(0)));st(1,PTS+ld(0)+S);PTS+ld(0)"
)
"""Time of a frame where clocks begin anew: one that goes back by more than a second goes on where
the sound before it ended, as players show joined parts. It is corrected ahead of the muxer, which
would hold all times fast that go back."""

_COUNTED_CLOCK = (
    # 0: time so far; 1: usual bytes of a frame; 2: the last frame's place; 3: its time; 4: lost;
    # 5: bytes since that place; 6: frames, for N counts samples. The first two show what is usual.
    "st(6,ld(6)+1);st(5,if(gt(N,0),POS-ld(2),0));"
    "st(4,if(gt(ld(6),2)*gt(POS,0)*gt(ld(5),max({largest},6*ld(1))),(ld(5)/ld(1)-1)*S,0));"
    "st(4,max(ld(4),if(gt(N,0)*gt(PTS-ld(3),SR/10),PTS-ld(3),0)));"
    "st(1,if(lt(ld(6),3),max(ld(5),1),if(gt(ld(4),0),ld(1),0.98*ld(1)+0.02*ld(5))));"
    "st(0,if(gt(N,0),ld(0)+ld(4),PTS));st(2,POS);st(3,PTS+S);st(0,ld(0)+S);ld(0)-S"
)
"""Time of a frame where the media has no clock and its frames are counted: what cannot be decoded
takes the time that its bytes would have taken at the usual rate. The largest frames of MPEG audio
have 1,441 bytes, those of usual AAC 1,536. Source: ISO/IEC 11172-3 and 14496-3."""

_LARGEST_FRAME_BYTES = 1600


_WHOLE_BUFFERS = ("-flush_packets", "0")
"""Output is written 32 KiB at a time, a second of sound, rather than packet by packet: that takes a
third of the time to read. Of media that arrives while it is decoded, a second may be long."""


_SHOT_CHANGES = (
    *("-c:a", "copy", "-map", "0:V:0?"),
    *("-vf", "scale=w=160:h=-2:flags=fast_bilinear,scdet=threshold=10"),
    *("-f", "null", "-"),
)
"""A second output, which is discarded: it writes each change of shot to the log. Behind the map of
the sound, since an output needs a stream and there may be no picture.

On a small picture the difference of two frames costs a few percent of their decoding. 10 of 100 is
the filter's own threshold. Source: libavfilter/vf_scdet.c."""


def decode_command(
    source: MediaInput, head: bytes, track: int = 0, *, shot_changes: bool = False
) -> list[str]:
    """Return the command that writes 16-bit PCM at 16 kHz to stdout, in packets with times.

    Sample 0 is the container's time 0. What lies before it is cut off; a track that starts late,
    and holes in it, are left as they are: ffmpeg would fill them in memory, however long they
    claim to be. The reader counts them by the packets' times, see ``timed_pcm``. The channels stay
    as they are, see ``downmix``.

    Args:
        source: the media, or None to read stdin.
        head: the first 200 bytes of the media.
        track: index of the audio track.
        shot_changes: whether the picture is decoded too, so that the log has its shot changes.
    """
    clock = _RESTARTING_CLOCK
    if has_no_clock(head):
        clock = _COUNTED_CLOCK.format(largest=_LARGEST_FRAME_BYTES)
    # The container counts milliseconds, so times are stretched until one of them is one sample.
    in_samples = f"asetpts=PTS*{SAMPLE_RATE_HZ // 1000}"
    # Of an MPEG stream, ffmpeg counts time from the first stream *in use*.
    kept = ("-map", f"0:a:{track}", *_KEEP_PICTURE) if _is_mpeg_stream(head) else ()
    timed = f"asetpts='{clock}',aresample={SAMPLE_RATE_HZ},atrim=start_pts=0,{in_samples}"
    return [
        *("ffmpeg", *_QUIET, "-loglevel", "info", "-threads", "1"),
        *_input(source),
        *("-map", f"0:a:{track}", "-map_metadata", "-1", "-af", timed),
        *("-c:a", "pcm_s16le", "-f", "smjpeg", *(_WHOLE_BUFFERS if source else ()), "pipe:1"),
        *(("-map", f"0:a:{track}", *_SHOT_CHANGES) if shot_changes else kept),
    ]


_LIVE_PROBE_BYTES = 2**14
"""How much of a live client's sound is looked at before it is decoded. Containers name the codec
in their first bytes, and browsers send some kilobytes a second."""


def live_command() -> list[str]:
    """Return the command that decodes stdin while it arrives to s16le, mono, 16 kHz on stdout."""
    rate, probed = str(SAMPLE_RATE_HZ), str(_LIVE_PROBE_BYTES)
    return [
        *("ffmpeg", *_QUIET, "-loglevel", "warning", "-threads", "1"),
        *("-fflags", "+nobuffer", "-flags", "low_delay"),
        *("-probesize", probed, "-formatprobesize", probed, "-analyzeduration", "100000"),
        *_input(None),
        *("-map", "0:a:0", "-map_metadata", "-1", "-ac", "1", "-ar", rate),
        *("-c:a", "pcm_s16le", "-f", "s16le", "-flush_packets", "1", "pipe:1"),
    ]


def probe_command(source: MediaInput) -> list[str]:
    """Return the command that writes the audio tracks to stdout, as JSON."""
    shown = "stream=codec_name,codec_tag_string,sample_fmt,channels:stream_disposition:stream_tags"
    return [
        *("ffprobe", "-hide_banner", "-loglevel", "fatal"),
        *("-select_streams", "a", "-show_entries", shown, "-of", "json"),
        *_input(source),
    ]


def probe_text_command(source: MediaInput) -> list[str]:
    """Return the command that writes the tracks and the length to stdout, as JSON."""
    shown = "stream=codec_type,codec_name,codec_tag_string,sample_fmt,channels"
    return [
        *("ffprobe", "-hide_banner", "-loglevel", "fatal"),
        *("-show_entries", f"{shown}:stream_disposition:stream_tags:format=duration"),
        *("-of", "json", *_input(source)),
    ]


def text_track_command(source: MediaInput, track: int, codec: str, muxer: str) -> list[str]:
    """Return the command that writes one subtitle track to stdout.

    Args:
        source: the media.
        track: index among the subtitle tracks.
        codec: that writes it; ``copy`` where its text is taken over.
        muxer: format that it is written in.
    """
    return [
        *("ffmpeg", *_QUIET, "-loglevel", "error", "-threads", "1"),
        *_input(source),
        *("-map", f"0:s:{track}", "-map_metadata", "-1", "-c:s", codec, "-f", muxer, "pipe:1"),
    ]


_TEST_S = 3
_STRICT = ("-err_detect", "crccheck+bitstream+buffer+explode")
"""Frames with errors are given up, which decoders otherwise make up for."""


def decode_test_command(source: MediaInput, track: int) -> list[str]:
    """Return the command that decodes the beginning of one audio track to stdout."""
    return [
        *("ffmpeg", *_QUIET, "-loglevel", "error", "-threads", "1", "-t", str(_TEST_S), *_STRICT),
        *_input(source),
        *("-map", f"0:a:{track}", "-ac", "1", "-ar", "8000", "-f", "s16le", "pipe:1"),
    ]


_WITH_CLOCK = (
    *(b"RIFF", b"RF64", b"FORM", b"fLaC", b"OggS", b".snd", b"caff"),
    *(b"TTA1", b"wvpk", b"MAC ", b"\x1a\x45\xdf\xa3"),
)
"""Beginnings of sound whose samples or times are counted by the format itself."""


def has_no_clock(head: bytes) -> bool:
    """Recognise MPEG audio, AAC in ADTS and AC-3, whose frames have a header and no time.

    Behind an ID3 tag there are such frames, unless another kind of sound is seen there: writers
    put the tag ahead of WAV and FLAC too, whose frames are not to be counted.
    Source: ISO/IEC 11172-3, 13818-7 and ATSC A/52, their sync words.
    """
    if head.startswith(b"ID3"):
        sound = without_tags(head)
        return not (sound.startswith(_WITH_CLOCK) or sound[4:8] == b"ftyp")
    if head.startswith(b"\x0b\x77"):
        return True
    return len(head) > 1 and head[0] == 0xFF and head[1] & 0xE0 == 0xE0


def _is_mpeg_stream(head: bytes) -> bool:
    """Recognise a transport stream, with or without time codes, or a program stream.

    Source: ISO/IEC 13818-1 sections 2.4.3.2 (packets of 188 bytes that begin with 0x47) and
    2.5.3.3 (pack start code); Blu-ray puts 4 bytes ahead of each packet.
    """
    packets = any(head[at : at + 1] == b"G" == head[at + 188 + at : at + 189 + at] for at in (0, 4))
    return packets or head.startswith(b"\x00\x00\x01\xba")


def is_transport_stream(head: bytes) -> bool:
    """Recognise a transport stream of plain packets. Source: the same, section 2.4.3.2."""
    return len(head) > 188 and head[0] == 0x47 == head[188]


def last_packets_command(source: MediaInput, seconds: int) -> list[str]:
    """Return the command that lists the packets of a file's last seconds.

    Each line is ``stream, dts, pts, duration, size, checksum``, the times relative to the point
    ``seconds`` before the end by the container's duration, in units of the line ``#tb``.
    """
    return [
        *("ffmpeg", *_QUIET, "-loglevel", "warning", "-sseof", f"-{seconds}"),
        *_input(source),
        *("-map", "0:a?", "-map", "0:V?", "-c", "copy", "-f", "framecrc", "pipe:1"),
    ]


def _input(source: MediaInput) -> tuple[str, ...]:
    # With the protocol ahead of the path, ffmpeg does not parse one from the path.
    protocols, name = "pipe", "pipe:0"
    if isinstance(source, FileRange):
        protocols = "subfile,file"
        place = f"start,{source.start},end,{source.end}"
        name = f"subfile,,{place},,:file:{source.path.absolute()}"
    elif isinstance(source, MendedFile):
        protocols = "concat,subfile,file"
        rest = f"subfile,,start,{source.rest},end,0,,:file:{source.path.absolute()}"
        name = f"concat:file:{source.head.absolute()}|{rest}"
    elif source is not None:
        protocols, name = "file", f"file:{source.absolute()}"
    return ("-protocol_whitelist", protocols, "-format_whitelist", DEMUXERS, "-i", name)
