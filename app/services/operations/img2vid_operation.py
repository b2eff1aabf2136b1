"""`img2vid`: each picture of a list as a video that zooms over it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.domain.errors import CuestreamError
from app.services.media.pictures.zoom_order import spread_zooms
from app.services.media.pictures.zoom_path import (
    KEN_BURNS,
    ZOOM_PATHS,
    exact_rate,
    frame_count,
)
from app.services.media.pictures.zoom_task import PictureFit
from app.services.operations.operation import (
    MediaOperation,
    MediaSource,
    OperationResult,
    OutputFile,
    PackagedInput,
)
from app.services.operations.operation_context import OperationContext, OperationProgress
from app.services.operations.zoom_video import ZoomVideo, encode_zoom

MOST_PICTURES = 1000

ZoomName = Literal["kenburns", "zoomin", "zoomout", "zoompanright"]

_ID = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class PictureItem(BaseModel):
    """A picture of a list."""

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True)

    id: _ID | int = Field(description="Comes back with its video; any text or number")
    image_url: MediaSource = Field(description="Address of the picture")
    duracao: float = Field(
        ge=0.04, le=1000, allow_inf_nan=False, description="Length of its video in seconds"
    )
    zoom: ZoomName | None = Field(None, description="Its zoom, whatever `zoom_types` gives it")


class ImagesInput(PackagedInput):
    """Input of `img2vid`."""

    images: list[PictureItem] = Field(min_length=1, max_length=MOST_PICTURES)
    frame_rate: float = Field(24, ge=1, le=120, allow_inf_nan=False, description="Frames a second")
    zoom_types: list[ZoomName] | None = Field(
        None,
        min_length=1,
        max_length=20,
        description="Zooms that are spread evenly over the pictures, then shuffled",
    )
    seed: int = Field(0, description="Of the shuffling; the same one gives the same order")
    start_index: int = Field(0, ge=0, le=10**6, description="Pictures ahead of these in the list")
    width: int = Field(1920, ge=16, le=3840, multiple_of=2, description="Of a frame, in pixels")
    height: int = Field(1080, ge=16, le=3840, multiple_of=2, description="Of a frame, in pixels")
    fit: PictureFit = Field(
        "contain", description="`contain` shows whole pictures between bars, `cover` fills frames"
    )

    @property
    def zooms(self) -> list[str]:
        """The zoom of each picture; clients who name a place for results know another default."""
        names = self.zoom_types or ("zoomin" if self.is_placed else KEN_BURNS,)
        spread = spread_zooms(names, len(self.images), self.seed)
        return [each.zoom or zoom for each, zoom in zip(self.images, spread, strict=True)]

    @property
    def rate(self) -> Fraction:
        """Frames per second."""
        return exact_rate(self.frame_rate)


@dataclass(frozen=True, slots=True)
class _Failed:
    """A picture without a video."""

    error: CuestreamError
    fields: dict[str, object]


@dataclass(frozen=True, slots=True)
class _Made:
    """A video of a picture."""

    file: OutputFile
    encoder: str


class _Shares:
    """Progress of pictures that are worked on side by side, as one."""

    def __init__(self, context: OperationContext, count: int) -> None:
        self._context = context
        self._percents = [0.0] * count

    def of(self, place: int) -> OperationContext:
        """Return the context of one picture."""

        def tell(progress: OperationProgress) -> None:
            self._percents[place] = max(self._percents[place], progress.percent)
            whole = sum(self._percents) / len(self._percents)
            self._context.progress("making_videos", whole)

        return replace(self._context, tell=tell, part=(0.0, 100.0))


async def make_videos(wanted: ImagesInput, context: OperationContext) -> OperationResult:
    """Make a video of each picture, in the order of the list.

    A picture that cannot be read is an entry of ``errors``, and the others have their videos.

    Raises:
        MediaTooLongError: the videos are longer together than the server's limit.
        CuestreamError: no picture has a video; the first one's error.
    """
    context.check_length(round(1000 * sum(each.duracao for each in wanted.images)))
    places = asyncio.Semaphore(context.services.settings.media.batch_size)
    shares, zooms = _Shares(context, len(wanted.images)), wanted.zooms

    async def work(place: int) -> _Made | _Failed:
        async with places:
            return await _picture(wanted, place, zooms[place], shares.of(place))

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work(place)) for place in range(len(wanted.images))]
    return _result([task.result() for task in tasks])


async def _picture(
    wanted: ImagesInput, place: int, zoom: str, context: OperationContext
) -> _Made | _Failed:
    item, number = wanted.images[place], wanted.start_index + place + 1
    fields: dict[str, object] = {"id": item.id, "index": number}
    name = f"{item.id}_video.mp4"
    if wanted.is_placed:
        fields = {"id": str(number), "index": number, "client_id": item.id}
        name = f"video_{number}.mp4"
    try:
        picture = await context.fetch(item.image_url, f"picture-{place}")
        output = context.folder / f"video-{place}.mp4"
        frames = frame_count(item.duracao, wanted.rate)
        path = ZOOM_PATHS[zoom]
        size = wanted.width, wanted.height
        video = ZoomVideo(picture, output, frames, wanted.rate, path, wanted.fit, *size)
        encoder = await encode_zoom(context, video)
    except CuestreamError as error:
        return _Failed(error, fields)
    return _Made(OutputFile(output, name, fields={**fields, "zoom": zoom}), encoder)


def _result(outcomes: Sequence[_Made | _Failed]) -> OperationResult:
    made = [each for each in outcomes if isinstance(each, _Made)]
    failed = [each for each in outcomes if isinstance(each, _Failed)]
    if not made:
        raise failed[0].error
    fields: dict[str, object] = {
        "total": len(outcomes),
        "processed": len(made),
        "encoder": made[-1].encoder,
    }
    if failed:
        fields["errors"] = [
            {**each.fields, "error": each.error.message, "code": each.error.code} for each in failed
        ]
    return OperationResult(
        tuple(each.file for each in made),
        "Images converted to videos successfully",
        fields,
        list_field="videos",
    )


IMG2VID = MediaOperation(
    name="img2vid",
    summary="Make a video of each picture that zooms over it",
    input=ImagesInput,
    run=make_videos,
    required=(("images",),),
    example={
        "images": [{"id": "intro", "image_url": "https://example.com/1.jpg", "duracao": 4.5}],
        "frame_rate": 24,
    },
)
