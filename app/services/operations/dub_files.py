"""The file that a dub makes: a sound file, or the video with the new track."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from types import MappingProxyType

from app.domain.errors import UnreadableMediaError
from app.domain.language import Language
from app.domain.language_tags import three_letters
from app.services.dubbing.dub_mix import MIXED_LAYOUTS, MixPlan, mix_graph
from app.services.media.ffmpeg_graph import GraphNode, media_input, media_output
from app.services.media.media_facts import MediaFacts
from app.services.operations.dub_input import DubInput
from app.services.operations.dub_programme import Programme
from app.services.operations.operation import OutputFile
from app.services.operations.operation_context import OperationContext

_FORMATS: Mapping[str, tuple[str, Mapping[str, object]]] = MappingProxyType(
    {
        "flac": ("audio/flac", {"c:a": "flac", "sample_fmt": "s16"}),
        "wav": ("audio/wav", {"c:a": "pcm_s16le"}),
        "mp3": ("audio/mpeg", {"c:a": "libmp3lame", "b:a": "192k"}),
        "m4a": ("audio/mp4", {"c:a": "aac", "b:a": "192k", "movflags": "+faststart"}),
        "opus": ("audio/ogg", {"c:a": "libopus", "b:a": "128k"}),
    }
)
"""Media type and options of ffmpeg by format. FLAC and WAV keep the length to the sample."""

_MP3_CHANNELS = 2
_OPUS_LAYOUTS = {"5.0(side)": "5.0", "5.1(side)": "5.1", "2.1": "3.0", "4.0": "quad"}
"""Source: RFC 7845 section 5.1.1.2, the channels of mapping family 1."""

_MESSAGE = "Mixing the sound"


async def dub_file(
    context: OperationContext,
    wanted: DubInput,
    plan: MixPlan,
    programme: Programme,
    language: Language,
) -> OutputFile:
    """Make the file that is wanted.

    Raises:
        UnreadableMediaError: a video is wanted, and the media has none.
        FfmpegError: ffmpeg failed.
    """
    length_ms, facts = programme.length_ms, programme.facts
    if wanted.output == "audio":
        media_type, options = _FORMATS[wanted.format]
        output = context.folder / f"dubbed.{wanted.format}"
        mix = mix_graph(plan)
        if (layout := written_layout(plan.layout, wanted.format)) != plan.layout:
            mix = mix.filter("aformat", channel_layouts=layout)
        graph = media_output(output, mix, ar=_rate(wanted, plan), **options)
        await context.run(graph, output, length_ms, message=_MESSAGE)
        name = f"{uuid.uuid4()}_dubbed.{wanted.format}"
        return OutputFile(output, name, media_type, url_field="audio_url")
    if programme.path is None or facts is None or facts.video is None:
        raise UnreadableMediaError("The file has no video; output must be audio")
    ending = "mp4" if "mp4" in facts.format_names else "mkv"
    output = context.folder / f"dubbed.{ending}"
    streams, options = _video(media_input(programme.path), wanted, plan, facts, language)
    await context.run(
        media_output(output, *streams, **options),
        output,
        length_ms,
        copied_bytes=facts.size_bytes,
        message=_MESSAGE,
    )
    media_type = "video/mp4" if ending == "mp4" else "video/x-matroska"
    return OutputFile(output, f"{uuid.uuid4()}_dubbed.{ending}", media_type)


def written_layout(layout: str, form: str) -> str:
    """Return the layout of a mix in a sound file: MP3 has two channels, Opus names others."""
    if form == "mp3":
        return layout if MIXED_LAYOUTS[layout] <= _MP3_CHANNELS else "stereo"
    return _OPUS_LAYOUTS.get(layout, layout) if form == "opus" else layout


def _rate(wanted: DubInput, plan: MixPlan) -> int:
    """Return the rate of a sound file: Opus knows one alone of ours."""
    return 48_000 if wanted.format == "opus" else plan.rate_hz


def _video(
    programme: GraphNode,
    wanted: DubInput,
    plan: MixPlan,
    facts: MediaFacts,
    language: Language,
) -> tuple[list[GraphNode], dict[str, object]]:
    """Return the streams of a video with the dub, and ffmpeg's options for them."""
    kept = facts.audio if wanted.output == "track" else ()
    streams = [programme["V:0"], *(programme[str(each.index)] for each in kept)]
    subtitles = [programme[str(each.index)] for each in facts.subtitles]
    number, is_mp4 = len(kept), "mp4" in facts.format_names
    code = three_letters(language.tag, bibliographic=not is_mp4)
    options: dict[str, object] = {
        "c:v": "copy",
        "c:a": "copy",
        "c:s": "copy",
        f"c:a:{number}": "aac",
        f"b:a:{number}": f"{max(192, 64 * MIXED_LAYOUTS[plan.layout])}k",
        f"ar:a:{number}": plan.rate_hz,
        f"metadata:s:a:{number}": f"language={code}",
    }
    default = not kept or wanted.default_track
    options[f"disposition:a:{number}"] = "default" if default else "0"
    if default:
        options |= {f"disposition:a:{n}": "0" for n in range(number)}
    if is_mp4:
        options["movflags"] = "+faststart"
    return [*streams, mix_graph(plan), *subtitles], options
