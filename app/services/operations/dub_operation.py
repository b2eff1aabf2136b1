"""`dub`: a spoken track in another language, on the cues' times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import structlog

from app.domain.errors import CuestreamError, InvalidLanguageError, NoSpeechError
from app.domain.language import Language, parse_target
from app.services.dubbing.dub_mix import MIXED_LAYOUTS, MixPlan, bounded_lufs
from app.services.dubbing.dubbed_lines import DubbedLine, DubbingRoom, LineDubber
from app.services.dubbing.line_condenser import LongLine, condensed_lines
from app.services.dubbing.line_speaker import LineSpeaker
from app.services.dubbing.spoken_lines import SpokenLine, spoken_lines
from app.services.dubbing.voice_choice import VoiceChoice, choose_voices, given_voices
from app.services.media.media_facts import MediaFacts
from app.services.operations.dub_cues import dub_cues
from app.services.operations.dub_files import dub_file, dub_layout
from app.services.operations.dub_input import DubInput
from app.services.operations.dub_plan import check_room, mix_plan
from app.services.operations.dub_programme import Programme, measured_programme
from app.services.operations.dub_report import dub_notices, line_entries
from app.services.operations.operation import MediaOperation, OperationResult
from app.services.operations.operation_context import OperationContext
from app.services.translation.translator import TranslationContext
from app.services.tts.speech_engine import Voice
from app.services.tts.speech_synthesizer import SpeechSynthesizer

log = structlog.get_logger()


async def dub(wanted: DubInput, context: OperationContext) -> OperationResult:
    """Speak cues, and mix them with the original sound.

    Raises:
        SpeechUnavailableError: this server does not speak.
        InvalidLanguageError: no voice speaks the language.
        SpeechError: the speech engine does not work; its codes say how.
        StorageError: the disk is full, or has no room for the work.
        CuestreamError: the media or the subtitles cannot be fetched or read, or ffmpeg failed.
    """
    fetching, hearing, measuring, speaking, mixing = context.steps(5, 40, 5, 35, 15)
    synthesizer = context.services.synthesizer
    given = given_voices(_given(wanted), await synthesizer.voices(None))
    await _check_spoken(wanted, synthesizer)
    media, facts = await _media(wanted, fetching)
    found, language = await dub_cues(wanted, hearing, media)
    lines = spoken_lines(found.cues, language.tag, translated=found.target is not None)
    choice = await _choice(context, lines, language, given)
    programme = await measured_programme(measuring, media, facts, found.cues)
    check_room(speaking, programme)
    dubbed = await _dubbed(speaking, lines, choice, language, programme)
    plan = await mix_plan(mixing, wanted, programme, dubbed)
    made = await dub_file(mixing, wanted, plan, programme, language)
    engine = await synthesizer.engine()
    return OperationResult(
        (made.output,),
        "Dubbed successfully",
        {
            "language": language.tag,
            "engine": engine.name,
            "duration_ms": programme.length_ms,
            "samples": programme.samples,
            "channel_layout": _written(wanted, plan),
            "sample_rate_hz": programme.rate_hz,
            "programme_lufs": programme.loudness_lufs,
            "speech_gain_db": round(plan.speech_gain_db, 1),
            "lines": line_entries(dubbed, programme.rate_hz),
        },
        notices=(
            *((each.code, each.message) for each in found.notices),
            *_downmixed(wanted, plan, programme),
            *made.notices,
            *_bounded(programme),
            *dub_notices(dubbed, choice),
        ),
    )


def _written(wanted: DubInput, plan: MixPlan) -> str:
    return dub_layout(plan.layout, wanted.format) if wanted.output == "audio" else plan.layout


def _downmixed(wanted: DubInput, plan: MixPlan, programme: Programme) -> Sequence[tuple[str, str]]:
    """Return the notice of a mix with fewer channels than the original."""
    sound = programme.facts.sounds[0] if programme.facts and programme.facts.sounds else None
    written = _written(wanted, plan)
    if sound is None or sound.channels <= MIXED_LAYOUTS[written]:
        return ()
    return [
        ("sound_downmixed", f"The original has {sound.channels} channels; the dub is {written}")
    ]


def _bounded(programme: Programme) -> Sequence[tuple[str, str]]:
    """Return the notice of speech that is not as loud as its programme."""
    spoken = bounded_lufs(programme.loudness_lufs)
    if spoken is None:
        return ()
    text = f"The programme has {programme.loudness_lufs:.1f} LUFS; its speech has {spoken:g} LUFS"
    return [("speech_loudness_bounded", text)]


_EVERYBODY = "*"


def _given(wanted: DubInput) -> Mapping[str, str]:
    return {**({_EVERYBODY: wanted.voice} if wanted.voice else {}), **wanted.voices}


async def _check_spoken(wanted: DubInput, synthesizer: SpeechSynthesizer) -> None:
    """Check that a voice speaks the wanted language before an hour of sound is transcribed.

    Raises:
        InvalidLanguageError: none does, and the caller names none.
    """
    language = parse_target(wanted.target_lang)
    if language is not None and not _given(wanted) and not await synthesizer.voices(language):
        raise _no_voice(language)


def _no_voice(language: Language) -> InvalidLanguageError:
    return InvalidLanguageError(f"No voice of this server speaks {language.tag}")


async def _media(
    wanted: DubInput, context: OperationContext
) -> tuple[Path | None, MediaFacts | None]:
    if wanted.url_video is None:
        return None, None
    path = await context.fetch(wanted.url_video, "programme")
    facts = await context.facts(path)
    return path, facts


async def _choice(
    context: OperationContext,
    lines: Sequence[SpokenLine],
    language: Language,
    given: Mapping[str, Voice],
) -> VoiceChoice:
    """Choose the voices of all who speak.

    Raises:
        NoSpeechError: nothing is to be spoken.
        InvalidLanguageError: no voice speaks the language.
    """
    roles = {line.role for line in lines if not line.unspoken}
    if not roles:
        raise NoSpeechError("No cue holds anything that could be spoken")
    voices = await context.services.synthesizer.voices(language)
    named = {label: voice for label, voice in given.items() if label != _EVERYBODY}
    if (everybody := given.get(_EVERYBODY)) is not None:
        return replace(choose_voices(roles, [everybody], named), is_shared=False)
    if not voices and any(is_answer or label not in named for label, is_answer in roles):
        raise _no_voice(language)
    return choose_voices(roles, voices, named)


async def _dubbed(
    context: OperationContext,
    lines: Sequence[SpokenLine],
    choice: VoiceChoice,
    language: Language,
    programme: Programme,
) -> list[DubbedLine]:
    settings = context.services.settings.tts
    room = DubbingRoom(context.folder, programme.rate_hz, programme.samples, settings.concurrency)

    async def condense(long: Sequence[LongLine]) -> Mapping[int, str]:
        ledger = context.services.open_ledger(context.caller)
        try:
            return await condensed_lines(
                long, context.services.translator(), language, TranslationContext(ledger=ledger)
            )
        except CuestreamError as error:
            # The dub is complete without; what is too long is told line by line.
            log.warning("lines are not condensed", code=error.code, reason=error.message)
            return {}

    def tell(done: int, of: int, eta_ms: int | None) -> None:
        message = f"Speaking line {done} of {of}"
        context.progress("speaking", 100 * done / of, eta_ms, message)

    speaker = LineSpeaker(context.services.synthesizer, settings.concurrency)
    return await LineDubber(speaker, choice, room, condense, tell).dub(lines)


DUB = MediaOperation(
    name="dub",
    summary="Speak subtitles over a recording, in the language of its translation",
    input=DubInput,
    run=dub,
    required=(("url_video", "url_srt", "subtitles", "job_id"),),
    example={
        "url_video": "https://example.com/talk.mp4",
        "target_lang": "es",
        "voices": {"SPEAKER_00": "es+f3"},
    },
)
