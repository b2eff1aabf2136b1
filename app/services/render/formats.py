"""Table of the subtitle formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from app.domain.cue import Cue
from app.domain.errors import InvalidFormatError
from app.domain.profile import ReadingProfile
from app.services.render.ass import write_ass
from app.services.render.display_cues import WordTimes
from app.services.render.ebu_tt_writer import write_ebu_tt_d
from app.services.render.file_options import PLAIN_FILE, FileOptions, options_of
from app.services.render.json3 import write_json3
from app.services.render.json_writer import write_json
from app.services.render.lrc import write_lrc
from app.services.render.sbv import write_sbv
from app.services.render.scc import SCC_HEAD, write_scc
from app.services.render.srt import write_srt
from app.services.render.stl import write_stl
from app.services.render.tables import CSV_HEAD, TSV_HEAD, write_csv, write_tsv
from app.services.render.transcript import write_transcript
from app.services.render.ttml_writer import XML_DECLARATION, write_imsc, write_ttml
from app.services.render.txt import write_txt
from app.services.render.vtt import write_vtt
from app.services.render.written_file import WrittenFile

_OPTION_MARK = ":"

Writer = Callable[[Sequence[Cue], ReadingProfile, str, FileOptions, WordTimes], "str | WrittenFile"]
"""Turns cues into a file, by the reading profile for line breaks, the language of the text, the
file's options and the times of words as they were spoken."""


@dataclass(frozen=True, slots=True)
class SubtitleFormat:
    """A subtitle format that can be written.

    Attributes:
        name: name in requests, with its options where it has some: ``vtt:words``.
        media_type: for ``Content-Type``, without a charset.
        extension: of the file's name, without the dot.
        write: returns the file's text, or a file with what could not be written.
        filler: what may stand behind the opening any number of times and changes nothing: a file
            that is sent as it is made can begin with it before its cues are known. Empty where
            nothing may.
        opening: what every file of the format begins with.
        aliases: further media types that clients call it by.
        takes: names of options that it has.
        is_binary: whether its files are bytes, and no text in UTF-8.
        options: as the name says.
    """

    name: str
    media_type: str
    extension: str
    write: Writer
    filler: str = "\n"
    opening: str = ""
    aliases: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    is_binary: bool = False
    options: FileOptions = PLAIN_FILE

    @property
    def content_type(self) -> str:
        """Value of ``Content-Type``."""
        return self.media_type if self.is_binary else f"{self.media_type}; charset=utf-8"

    @property
    def base(self) -> str:
        """Name without options: a key of ``FORMATS``."""
        return self.name.partition(_OPTION_MARK)[0]

    @property
    def name_parts(self) -> tuple[str, ...]:
        """Options and extension, as the name of a file has them."""
        return (*self.name.split(_OPTION_MARK)[1:], self.extension)


_STACKED = ("bilingual", "translation-first")
_BESIDE = (*_STACKED, "regions")

FORMATS: Mapping[str, SubtitleFormat] = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            SubtitleFormat(
                "srt",
                "application/x-subrip",
                "srt",
                write_srt,
                aliases=("application/srt", "text/srt", "text/x-srt", "text/x-subrip"),
                takes=_STACKED,
            ),
            SubtitleFormat(
                "vtt",
                "text/vtt",
                "vtt",
                write_vtt,
                opening="WEBVTT\n\n",
                takes=("words", *_BESIDE),
            ),
            SubtitleFormat(
                "ass",
                "text/x-ssa",
                "ass",
                write_ass,
                filler=";\n",
                opening="[Script Info]\n",
                aliases=("text/x-ass", "application/x-ass", "application/x-ssa"),
                takes=("words", *_BESIDE),
            ),
            SubtitleFormat(
                "ttml",
                "application/ttml+xml",
                "ttml",
                write_ttml,
                opening=f"{XML_DECLARATION}\n",
                takes=_BESIDE,
            ),
            SubtitleFormat("json", "application/json", "json", write_json, takes=("words",)),
            SubtitleFormat("txt", "text/plain", "txt", write_txt, takes=_STACKED),
            SubtitleFormat(
                "imsc",
                "application/ttml+xml",
                "ttml",
                write_imsc,
                opening=f"{XML_DECLARATION}\n",
                takes=_BESIDE,
            ),
            SubtitleFormat(
                "ebu-tt-d",
                "application/ttml+xml",
                "xml",
                write_ebu_tt_d,
                opening=f"{XML_DECLARATION}\n",
                takes=_BESIDE,
            ),
            SubtitleFormat(
                "stl",
                "application/x-ebu-stl",
                "stl",
                write_stl,
                filler="",
                aliases=("application/vnd.ebu.stl", "text/x-ebu-stl"),
                takes=(*_STACKED, "25", "30", "open"),
                is_binary=True,
            ),
            SubtitleFormat(
                "scc",
                "text/x-scc",
                "scc",
                write_scc,
                opening=SCC_HEAD,
                aliases=("application/x-scc",),
                takes=(*_STACKED, "df", "ndf"),
            ),
            SubtitleFormat("sbv", "text/x-sbv", "sbv", write_sbv, takes=_STACKED),
            SubtitleFormat(
                "json3", "application/x-youtube-json3", "json3", write_json3, takes=_STACKED
            ),
            SubtitleFormat(
                "lrc",
                "application/x-lrc",
                "lrc",
                write_lrc,
                aliases=("text/x-lrc", "application/lrc"),
                takes=("words", *_STACKED),
            ),
            SubtitleFormat(
                "tsv",
                "text/tab-separated-values",
                "tsv",
                write_tsv,
                opening=TSV_HEAD,
                takes=_STACKED,
            ),
            SubtitleFormat("csv", "text/csv", "csv", write_csv, opening=CSV_HEAD),
            SubtitleFormat("transcript", "text/plain", "txt", write_transcript, takes=_STACKED),
        )
    }
)
"""Every format that can be written, by name.

Fillers: blank lines are allowed before the first cue of SubRip by its readers (ffmpeg and VLC skip
them), behind the head of WebVTT (W3C WebVTT, section 4.1: two or more line terminators) and behind
an XML declaration (XML 1.0, production 27: Misc). A semicolon begins a comment in the first section
of SubStation. Readers of SCC, LRC and of tables skip blank lines. The head of EBU STL counts what
follows, so nothing of such a file can be sent early.
"""


def check_format(name: str) -> SubtitleFormat:
    """Return a format, with the options that follow its name after colons.

    Raises:
        InvalidFormatError: no format has that name, or that option; lists the known ones.
    """
    base, *chosen = name.split(_OPTION_MARK)
    kind = FORMATS.get(base)
    if kind is None:
        raise InvalidFormatError(name, tuple(FORMATS))
    if not chosen:
        return kind
    options = options_of(chosen, kind.takes)
    if options is None:
        known = (f"{base}{_OPTION_MARK}{option}" for option in kind.takes)
        raise InvalidFormatError(name, (base, *known))
    return replace(kind, name=name, options=options)


def bilingual_name(name: str) -> str:
    """Return a format's name, with the option for both languages where it has one and needs it.

    Raises:
        InvalidFormatError: no format has that name, or that option.
    """
    kind = check_format(name)
    if kind.options.bilingual != "no" or _STACKED[0] not in kind.takes:
        return name
    return f"{name}{_OPTION_MARK}{_STACKED[0]}"


def format_of_file(name: str) -> SubtitleFormat:
    """Return the format of a file by the extension of its name.

    Raises:
        InvalidFormatError: no format has it.
    """
    extension = name.rpartition(".")[2].lower()
    if extension in FORMATS:
        return FORMATS[extension]
    for kind in FORMATS.values():
        if kind.extension == extension:
            return kind
    raise InvalidFormatError(extension, tuple(FORMATS))
