"""Colours of speakers, also of two who share a cue, as other readers see them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
import ttconv.imsc.reader
import ttconv.model
from pysubs2 import Color, SSAFile
from ttconv.style_properties import StyleProperties

from app.domain.cue import Cue
from app.domain.profile import DEFAULT_PROFILE
from app.domain.style import InlineStyle, StyleRun
from app.domain.time import Span
from app.services.render.file_writer import render

WHITE, YELLOW, CYAN, RED = "#ffffff", "#ffff00", "#00ffff", "#ff0000"


def cues() -> list[Cue]:
    """One speaker alone, two who share a cue, and again with words in a colour of their own."""
    red = StyleRun(0, 2, InlineStyle(colour=RED))
    return [
        Cue(0, Span(0, 1000), "Hello.", speaker="Anna"),
        Cue(1, Span(2000, 3000), "-Is it?\n-Yes.", turn_speakers=("Bea", "Anna")),
        Cue(2, Span(4000, 5000), "-No.\n-Who?", turn_speakers=("Cy", "Bea"), runs=(red,)),
    ]


EXPECTED = [
    [("Hello.", WHITE)],
    [("-Is it?", YELLOW), ("-Yes.", WHITE)],
    [("-N", RED), ("o.", CYAN), ("-Who?", YELLOW)],
]


def ass_colours(file: str) -> list[list[tuple[str, str]]]:
    read = SSAFile.from_string(file)
    return [
        list(_coloured(event.text, hex_of(read.styles[event.style].primarycolor))) for event in read
    ]


def _coloured(text: str, usual: str) -> Iterator[tuple[str, str]]:
    """Yield the texts of an event and their colours; an override counts up to the next one."""
    colour = usual
    for part in re.split(r"(\{.*?\}|\\N)", text):
        if override := re.fullmatch(r"\{\\c(?:&H(..)(..)(..)&)?\}", part):
            blue, green, red = override.groups()
            colour = f"#{red}{green}{blue}".lower() if red else usual
        elif part not in ("", "\\N"):
            yield part, colour


def hex_of(colour: Color) -> str:
    return f"#{colour.r:02x}{colour.g:02x}{colour.b:02x}"


def ttml_colours(file: str) -> list[list[tuple[str, str]]]:
    document = ttconv.imsc.reader.to_model(ElementTree.ElementTree(ElementTree.fromstring(file)))
    assert document is not None
    body = document.get_body()
    assert body is not None
    return [
        [
            (node.get_text(), colour_of(node))
            for node in paragraph.dfs_iterator()
            if isinstance(node, ttconv.model.Text)
        ]
        for paragraph in body.dfs_iterator()
        if isinstance(paragraph, ttconv.model.P)
    ]


def colour_of(node: ttconv.model.ContentElement | None) -> str:
    while node is not None:
        colour = node.get_style(StyleProperties.Color)
        if colour is not None:
            return "#{:02x}{:02x}{:02x}".format(*colour.components[:3])
        node = node.parent()
    return WHITE


def test_ass() -> None:
    assert ass_colours(render(cues(), "ass", DEFAULT_PROFILE, "en")) == EXPECTED


@pytest.mark.parametrize("name", ["ttml", "imsc", "ebu-tt-d"])
def test_ttml(name: str) -> None:
    assert ttml_colours(render(cues(), name, DEFAULT_PROFILE, "en")) == EXPECTED


def test_ttml_names_both_as_agents() -> None:
    file = render(cues(), "ttml", DEFAULT_PROFILE, "en")
    assert '<span style="colour-2" ttm:agent="speaker-2">-Is it?</span>' in file


def test_both_languages_have_the_colours() -> None:
    cue = Cue(
        0, Span(0, 2000), "-Yes.\n-No.", translation="-Sí.\n-No.", turn_speakers=("Anna", "Bea")
    )
    file = render([cue], "ass:bilingual", DEFAULT_PROFILE, "es")
    assert ass_colours(file) == [
        [("-Yes.", WHITE), ("-No.", YELLOW), ("-Sí.", WHITE), ("-No.", YELLOW)]
    ]
