"""The file that a dub makes: a sound file, or the video with the new track."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from app.domain.errors import UnreadableMediaError
from app.domain.language import Language
from app.domain.language_tags import three_letters
from app.services.dubbing.dub_mix import MIXED_LAYOUTS, MixPlan, mix_graph
from app.services.media.ffmpeg_graph import media_input, media_output
from app.services.media.media_facts import MediaFacts
from app.services.media.subtitle_probe import listed_subtitles
from app.services.operations.audio_kinds import AUDIO_KINDS, DEFAULT_KBPS, written_layout
from app.services.operations.container_tracks import (
    CONTAINER_TYPES,
    copied_picture,
    kept_sounds,
    kept_texts,
    lost_pictures,
    own_container,
    sound_notices,
)
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


@dataclass(frozen=True, slots=True)
class DubFile:
    """The file of a dub.

    Attributes:
        output: the file.
        notices: code and message of what a video lost or has otherwise.
    """

    output: OutputFile
    notices: tuple[tuple[str, str], ...] = ()


async def dub_file(
    context: OperationContext,
    wanted: DubInput,
    plan: MixPlan,
    programme: Programme,
    language: Language,
) -> DubFile:
    """Make the file that is wanted.

    Raises:
        UnreadableMediaError: a video is wanted, and the media has none.
        FfmpegError: ffmpeg failed.
    """
    if wanted.output != "audio":
        return await _dubbed_video(context, wanted, plan, programme, language)
    media_type, options = _FORMATS[wanted.format]
    output = context.folder / f"dubbed.{wanted.format}"
    mix = mix_graph(plan)
    if (layout := dub_layout(plan.layout, wanted.format)) != plan.layout:
        mix = mix.filter("aformat", channel_layouts=layout)
    graph = media_output(output, mix, ar=_rate(wanted, plan), **options)
    await context.run(graph, output, programme.length_ms, activity="mixing")
    name = f"{uuid.uuid4()}_dubbed.{wanted.format}"
    return DubFile(OutputFile(output, name, media_type, url_field="audio_url"))


async def _dubbed_video(
    context: OperationContext,
    wanted: DubInput,
    plan: MixPlan,
    programme: Programme,
    language: Language,
) -> DubFile:
    """Write the video with the dub; its picture is copied, and its text tracks stay."""
    path, facts = programme.path, programme.facts
    if path is None or facts is None or facts.video is None:
        raise UnreadableMediaError("The file has no video; output must be audio")
    container = own_container(facts)
    output = context.folder / f"dubbed.{container}"
    texts = kept_texts((await listed_subtitles(path)).subtitles, container)
    kept = facts if wanted.output == "track" else replace(facts, audio=())
    source = media_input(path)
    graph = media_output(
        output,
        source["V:0"],
        *(source[str(each.index)] for each in kept.sounds),
        mix_graph(plan),
        *(source[f"s:{track.index}"] for track in texts.tracks),
        **copied_picture(facts.video, container),
        **texts.options,
        **_sound_options(
            wanted,
            plan,
            kept,
            three_letters(language.tag, bibliographic=container == "mkv"),
            container,
        ),
        **({"movflags": "+faststart"} if container == "mp4" else {}),
    )
    await context.run(
        graph, output, programme.length_ms, copied_bytes=facts.size_bytes, activity="mixing"
    )
    name = f"{uuid.uuid4()}_dubbed.{container}"
    notices = (*texts.notices, *sound_notices(kept, container), *lost_pictures(facts))
    return DubFile(OutputFile(output, name, CONTAINER_TYPES[container]), notices)


def dub_layout(layout: str, form: str) -> str:
    """Return the layout of a mix in a sound file: MP3 has two channels, Opus names others."""
    return written_layout(AUDIO_KINDS[form], MIXED_LAYOUTS[layout], layout)


def _rate(wanted: DubInput, plan: MixPlan) -> int:
    """Return the rate of a sound file: Opus knows one alone of ours."""
    return 48_000 if wanted.format == "opus" else plan.rate_hz


def _sound_options(
    wanted: DubInput, plan: MixPlan, kept: MediaFacts, code: str, container: str
) -> dict[str, object]:
    """Return the options of a video's sounds: those that stay, then the dub in a language."""
    number = len(kept.sounds)
    options: dict[str, object] = {
        **kept_sounds(kept, container, DEFAULT_KBPS),
        f"c:a:{number}": "aac",
        f"b:a:{number}": f"{max(192, 64 * MIXED_LAYOUTS[plan.layout])}k",
        f"ar:a:{number}": plan.rate_hz,
        f"metadata:s:a:{number}": f"language={code}",
    }
    default = not number or wanted.default_track
    options[f"disposition:a:{number}"] = "default" if default else "0"
    if default:
        options |= {f"disposition:a:{n}": "0" for n in range(number)}
    return options
