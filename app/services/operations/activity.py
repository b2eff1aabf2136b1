"""What an operation does meanwhile: a name for programs and a sentence for people."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from app.domain.events import Stage

OwnActivity = Literal[
    "encoding",
    "writing",
    "writing_sound",
    "mixing",
    "measuring_loudness",
    "measuring_sound",
    "taking_screenshots",
    "drawing_sheet",
    "making_videos",
    "speaking",
]

Activity = Literal[Stage, OwnActivity]
"""A stage of a subtitle job, where an operation waits for one, or what operations alone do."""

MESSAGES: Mapping[Activity, str] = MappingProxyType(
    {
        "downloading": "Downloading",
        "encoding": "Encoding the video",
        "writing": "Writing the file",
        "writing_sound": "Writing sound",
        "mixing": "Mixing the sound",
        "measuring_loudness": "Measuring the loudness",
        "measuring_sound": "Measuring the sound",
        "taking_screenshots": "Taking screenshots",
        "drawing_sheet": "Drawing the contact sheet",
        "making_videos": "Making videos of pictures",
        "speaking": "Speaking the lines",
    }
)
"""What is said of them where there is nothing more exact."""
