"""A zoom over one picture, as the process that makes its frames is told."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal

from app.services.media.pictures.zoom_path import ZoomPath

PictureFit = Literal["contain", "cover"]
"""``contain`` shows the whole picture between black bars, ``cover`` fills the canvas and cuts off
what does not fit. Neither distorts it."""


@dataclass(frozen=True, slots=True)
class CanvasSize:
    """Width and height of a canvas in pixels, both even."""

    width: int
    height: int

    def placed(self, width: int, height: int, fit: PictureFit) -> tuple[int, int]:
        """Return the size at which a picture lies on it, its proportions unchanged."""
        scales = self.width / width, self.height / height
        scale = min(scales) if fit == "contain" else max(scales)
        return max(1, round(width * scale)), max(1, round(height * scale))


@dataclass(frozen=True, slots=True)
class ZoomTask:
    """A zoom over a picture.

    Attributes:
        picture: path of its file.
        pipes: paths of named pipes that take the frames, one for each attempt to encode them.
        width: of a frame in pixels; even.
        height: the same.
        frames: how many there are.
        path: of the zoom.
        fit: how the picture lies on the canvas.
    """

    picture: str
    pipes: tuple[str, ...]
    width: int
    height: int
    frames: int
    path: ZoomPath
    fit: PictureFit = "contain"

    def to_json(self) -> str:
        """Return the task as the argument of its process."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> ZoomTask:
        """Return the task of an argument."""
        fields = json.loads(text)
        return cls(**{**fields, "path": ZoomPath(**fields["path"])})

    @property
    def canvas(self) -> CanvasSize:
        """The canvas, on which the largest magnification shows one pixel as one."""
        scale = self.path.largest
        return CanvasSize(2 * round(self.width * scale / 2), 2 * round(self.height * scale / 2))
