"""The command `cuestream`: its sub-commands; what they do is imported when one is called."""

from __future__ import annotations

import difflib
import io
import os
import sys
from typing import Annotated, NoReturn

import typer
from typer.core import TyperGroup

_DEFAULT = "subtitle"
_HELP = ("--help", "-h")
_CLOSE = 0.75
"""Likeness from which on a word counts as a mistyped command."""
_OF_THE_GROUP = frozenset({*_HELP, "--version", "--install-completion", "--show-completion"})


class DefaultGroup(TyperGroup):
    """Sub-commands of which one is meant where none is named."""

    def parse_args(self, ctx: typer.Context, args: list[str]) -> list[str]:  # type: ignore[override]
        """Put the default command ahead of arguments that name none."""
        if args and args[0] not in _OF_THE_GROUP and args[0] not in self.commands:
            self._check_no_slip(ctx, args[0])
            args = [_DEFAULT, *args]
        return super().parse_args(ctx, args)

    def _check_no_slip(self, ctx: typer.Context, word: str) -> None:
        if word.startswith("-") or ctx.resilient_parsing:
            return
        near = difflib.get_close_matches(word, self.commands, 1, _CLOSE)
        if near and not os.path.lexists(word):
            ctx.fail(f"There is no command and no file {word!r}. Did you mean {near[0]!r}?")


cli = typer.Typer(
    cls=DefaultGroup,
    context_settings={"help_option_names": ["--help", "-h"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Subtitle media: cuestream talk.mp4 --to es. Without a command, `subtitle` is meant.",
)

Server = Annotated[str, typer.Option("--server", help="Address of a server; CUESTREAM_SERVER")]
Key = Annotated[str, typer.Option("--key", help="Its key; CUESTREAM_API_KEY keeps it off lists")]
Json = Annotated[bool, typer.Option("--json", help="Events as JSON, an object a line")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Show errors alone")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite what is there")]
Output = Annotated[str, typer.Option("--output", "-o", help="File or folder, - for a pipe")]
OperationFields = Annotated[
    list[str] | None, typer.Option("--field", help="Other fields of the operation: NAME=VALUE")
]
Profile = Annotated[str, typer.Option("--profile", help="Reading profile, such as netflix-en")]


@cli.callback(invoke_without_command=True)
def _about(
    version: Annotated[bool, typer.Option("--version", help="Print the version")] = False,
) -> None:
    if version:
        from app.domain.version import __version__

        typer.echo(__version__)
        raise typer.Exit


@cli.command()
def subtitle(
    inputs: Annotated[
        list[str] | None, typer.Argument(help="Files, folders, patterns, addresses, - for a pipe")
    ] = None,
    to: Annotated[str, typer.Option("--to", help="Languages to translate into: es,pt-BR")] = "",
    spoken: Annotated[str, typer.Option("--from", help="The spoken language")] = "",
    formats: Annotated[str, typer.Option("--format", help="Formats: srt,vtt:words")] = "srt",
    profile: Profile = "",
    speakers: Annotated[bool, typer.Option("--speakers", help="Say who speaks")] = False,
    fields: Annotated[
        list[str] | None, typer.Option("--field", help="Other fields of a request: NAME=VALUE")
    ] = None,
    output: Output = "",
    force: Force = False,
    live: Annotated[bool, typer.Option("--live", help="Print cues as they come")] = False,
    watch: Annotated[str, typer.Option("--watch", help="Folder that new files come to")] = "",
    settle_s: Annotated[float, typer.Option(help="Seconds a watched file has to rest")] = 3.0,
    server: Server = "",
    key: Key = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Write subtitles beside media, in the language that is spoken or in others."""
    from app.cli.subtitle_command import SubtitleArguments, subtitle_all

    arguments = SubtitleArguments(
        tuple(inputs or ()), to, spoken, formats, profile, speakers, tuple(fields or ()), output,
        force, live, watch, settle_s, server, key, as_json, quiet,
    )  # fmt: skip
    _leave(subtitle_all(arguments))


@cli.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; HOST")] = "",
    port: Annotated[int, typer.Option(help="Port; PORT")] = 0,
) -> None:
    """Run the server in the foreground."""
    from app.cli.serve_command import serve_here

    serve_here(host, port)


@cli.command()
def qc(
    files: Annotated[list[str], typer.Argument(help="Subtitle files")],
    profile: Profile = "",
    language: Annotated[str, typer.Option(help="Their language")] = "",
    server: Server = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Say what a professional would object to; exits with 7 where there is anything."""
    from app.cli.file_commands import check_files

    _leave(check_files(files, profile, language, server, key, as_json=as_json))


@cli.command()
def relayout(
    file: Annotated[str, typer.Argument(help="Subtitle file")],
    profile: Annotated[str, typer.Option("--profile", help="Reading profile")],
    kind: Annotated[str, typer.Option("--format", help="Format; the file's unless given")] = "",
    output: Output = "",
    force: Force = False,
    server: Server = "",
    key: Key = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Divide subtitles among cues anew, as another profile wants it."""
    from app.cli.file_commands import FileWork, relayout_file

    work = FileWork(output, force, server, key, as_json, quiet)
    _leave(relayout_file(file, profile, kind, work))


@cli.command()
def align(
    text: Annotated[str, typer.Argument(help="Text that is spoken, or subtitles")],
    media: Annotated[str, typer.Argument(help="Its recording")],
    spoken: Annotated[str, typer.Option("--from", help="The spoken language")] = "",
    kind: Annotated[str, typer.Option("--format", help="Format")] = "srt",
    profile: Profile = "",
    output: Output = "",
    force: Force = False,
    server: Server = "",
    key: Key = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Give a text the times at which a recording says it."""
    from app.cli.file_commands import FileWork, align_file

    work = FileWork(output, force, server, key, as_json, quiet)
    _leave(align_file(text, media, {"source_lang": spoken, "profile": profile}, kind, work))


@cli.command()
def burn(
    video: Annotated[str, typer.Argument(help="Video")],
    subtitles: Annotated[str, typer.Argument(help="Subtitle file")],
    style: Annotated[str, typer.Option("--style", help="Style: FontSize=20")] = "",
    profile: Profile = "",
    fields: OperationFields = None,
    output: Output = "",
    force: Force = False,
    server: Server = "",
    key: Key = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Burn subtitles into a video."""
    from app.cli.file_commands import FileWork
    from app.cli.media_commands import burn_in_file

    given = {"force_style": style, "profile": profile}
    work = FileWork(output, force, server, key, as_json, quiet)
    _leave(burn_in_file(video, subtitles, given, fields or (), work))


@cli.command()
def dub(
    media: Annotated[str, typer.Argument(help="Video or sound")],
    to: Annotated[str, typer.Option("--to", help="Language that is spoken in the result")] = "",
    subtitles: Annotated[str, typer.Option("--subtitles", help="Subtitles to speak")] = "",
    kind: Annotated[str, typer.Option("--make", help="audio, track or video")] = "audio",
    spoken: Annotated[str, typer.Option("--from", help="Language of what is translated")] = "",
    mode: Annotated[str, typer.Option("--mode", help="The original: duck, replace or mix")] = "",
    form: Annotated[str, typer.Option("--format", help="flac, wav, mp3, m4a or opus")] = "",
    speakers: Annotated[bool, typer.Option("--speakers", help="Tell speakers apart")] = False,
    voice: Annotated[str, typer.Option("--voice", help="Voice of everybody")] = "",
    voices: Annotated[
        list[str] | None, typer.Option("--voices", help="Voice of a speaker: LABEL=VOICE")
    ] = None,
    fields: OperationFields = None,
    output: Output = "",
    force: Force = False,
    server: Server = "",
    key: Key = "",
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Speak subtitles over a recording."""
    from app.cli.file_commands import FileWork
    from app.cli.media_commands import DubArguments, dub_file

    given = {"target_lang": to, "source_lang": spoken, "output": kind, "mode": mode}
    given |= {"format": form, "voice": voice, "diarize": "true" if speakers else ""}
    work = FileWork(output, force, server, key, as_json, quiet)
    _leave(dub_file(DubArguments(media, subtitles, given, voices or (), fields or ()), work))


@cli.command()
def live(
    source: Annotated[str, typer.Argument(help="File in place of the microphone")] = "",
    to: Annotated[str, typer.Option("--to", help="Language to translate into")] = "",
    device: Annotated[str, typer.Option("--device", help="Microphone, as ffmpeg names it")] = "",
    server: Server = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """Caption a microphone, line by line."""
    from app.cli.live_command import caption_live

    _leave(caption_live(source, device, to, server, key, as_json=as_json))


@cli.command()
def cancel(
    jobs: Annotated[list[str], typer.Argument(help="Ids of jobs, as an interrupt tells them")],
    server: Server = "",
    key: Key = "",
    as_json: Json = False,
) -> None:
    """End work that a server goes on with."""
    from app.cli.cancel_command import cancel_jobs

    _leave(cancel_jobs(jobs, server, key, as_json=as_json))


@cli.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
    add_help_option=False,
)
def models(ctx: typer.Context) -> None:
    """List, fetch, verify and find Whisper models."""
    from app.models import run

    raise typer.Exit(run(arguments=ctx.args, program="cuestream models"))


@cli.command()
def doctor(
    as_json: Json = False,
    no_calls: Annotated[bool, typer.Option("--no-calls", help="Ask no language model")] = False,
) -> None:
    """Look at all that the server needs here, and say what to do."""
    from app.cli.doctor_command import examine

    _leave(examine(as_json=as_json, calls=not no_calls))


@cli.command()
def config(
    as_json: Json = False,
    everything: Annotated[bool, typer.Option("--all", help="Defaults too")] = False,
) -> None:
    """Show the settings and where each comes from; secrets stay hidden."""
    from app.cli.config_command import show_settings

    _leave(show_settings(as_json=as_json, everything=everything))


def _leave(code: int) -> NoReturn:
    raise typer.Exit(code)


def main() -> None:
    """Run the command of this process."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that lacks a letter shows its number; results are written as bytes.
            stream.reconfigure(errors="backslashreplace")
    cli(prog_name="cuestream")
