"""Bars of stages on a terminal: the one under way, those that are over, and a job begun anew."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console
from rich.text import Text

from app.cli.exit_codes import ExitCode
from app.cli.rich_reporter import RichReporter

Stages = list[tuple[str, int]]


def last_rows(drawn: str) -> Stages:
    """Return the stages with their percentages as they were drawn last, each once."""
    shown = re.findall(r"(?m)^\S+ (\w+) .*?(\d+) %", Text.from_ansi(drawn).plain)
    return list({stage: (stage, int(percent)) for stage, percent in shown}.values())


def last_frame(told: Stages) -> str:
    """Return what is drawn for the last time after stages were told."""
    terminal = io.StringIO()
    reporter = RichReporter(Console(file=terminal, force_terminal=True, width=100), live=False)
    reporter.begun("talk.mp4", resumed=False)
    for stage, percent in told:
        reporter.stage({"stage": stage, "message": stage, "percent": percent, "eta": "9 s"})
    before = len(terminal.getvalue())
    reporter.ended(ExitCode.DONE)
    return terminal.getvalue()[before:]


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        (
            [("uploading", 40), ("waiting", 0), ("checking", 5), ("transcribing", 12)],
            [("uploading", 100), ("waiting", 100), ("checking", 100), ("transcribing", 12)],
        ),
        (
            [("transcribing", 40), ("diarization", 60), ("transcribing", 61)],
            [("transcribing", 61), ("diarization", 100)],
        ),
        (
            [("uploading", 100), ("checking", 5), ("transcribing", 40), ("waiting", 0)],
            [("uploading", 100), ("checking", 100), ("waiting", 0)],
        ),
        (
            [("checking", 5), ("transcribing", 40), ("failed", 40)],
            [("checking", 100), ("transcribing", 40), ("failed", 40)],
        ),
    ],
    ids=["one after another", "back again", "begun anew", "failed"],
)
def test_a_stage_that_is_over_stands_there_as_such(told: Stages, shown: Stages) -> None:
    drawn = last_frame(told)
    assert last_rows(drawn) == shown
    ticked = re.findall(r"(?m)✓ (\w+)", Text.from_ansi(drawn).plain)
    assert ticked == [stage for stage, percent in shown if percent == 100]
    assert drawn.count("9 s left") == len(shown) - len(ticked), "nothing is left of what is over"
