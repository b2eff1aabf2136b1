"""The runner of the queue for screenshots: pictures of videos at given times."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import structlog

from app.domain.errors import BatchUnavailableError, CuestreamError
from app.services.batch.document_store import DocumentStore
from app.services.batch.media_downloads import BEST_VIDEO, Download, MediaDownloads
from app.services.batch.picture_storage import BUCKET, PictureStorage
from app.services.batch.screenshot_items import (
    Moment,
    ScreenshotItem,
    format_clock,
    parse_screenshot_item,
)
from app.services.batch.taken_pictures import TakenPicture, taken_pictures
from app.services.batch.video_address import platform_of, video_id_of
from app.services.media.media_facts import MediaFacts, media_facts
from app.services.media.video_frame import VideoFrame

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ScreenshotVideo:
    """The video of pictures, as their rows tell it.

    Attributes:
        url: as it was sent.
        title: by its page; empty where it has none.
        duration_ms: of the file.
    """

    url: str
    title: str
    duration_ms: int

    @classmethod
    def of(cls, download: Download, facts: MediaFacts) -> ScreenshotVideo:
        """Return the fields of a downloaded file."""
        return cls(download.url, download.info.title, facts.duration_ms)


@dataclass(frozen=True, slots=True)
class ScreenshotRunner:
    """Takes pictures of videos, stores them and enters them in ``public_media``.

    Attributes:
        downloads: of videos, from addresses and pages.
        store: of the rows; None where no database is configured.
        storage: of the pictures; None where none is configured.
        worker_name: for the metadata.
    """

    downloads: MediaDownloads
    store: DocumentStore | None
    storage: PictureStorage | None
    worker_name: str

    async def run(self, jobs: Sequence[object]) -> list[dict[str, object]]:
        """Work on items one after another and return what became of each.

        Raises:
            BatchUnavailableError: there is no database, or no storage for pictures.
        """
        if self.store is None or self.storage is None:
            raise BatchUnavailableError(
                "Supabase not configured. Set SUPABASE_URL and SUPABASE_SERVICE_KEY"
            )
        return [await self._result(job, self.store, self.storage) for job in jobs]

    async def upload(
        self, video: ScreenshotVideo, document_id: str | None, picture: TakenPicture
    ) -> str:
        """Store a picture and its row; return the address under which everybody may see it.

        Raises:
            BatchUnavailableError: there is no database, or no storage for pictures.
            DocumentStoreError: one of them refuses or does not answer.
        """
        if self.store is None or self.storage is None or picture.frame is None:
            raise BatchUnavailableError(
                "Supabase not configured. Set SUPABASE_URL and SUPABASE_SERVICE_KEY"
            )
        item = ScreenshotItem(video.url, (), document_id=document_id)
        run = _ItemRun(item, str(uuid.uuid4()), self.worker_name, self.store, self.storage)
        path = await run.put(picture.moment, picture.at_ms, picture.frame, video)
        return self.storage.public_url(path)

    async def _result(
        self, job: object, store: DocumentStore, storage: PictureStorage
    ) -> dict[str, object]:
        url = job.get("video_url") if isinstance(job, dict) else None
        answer: dict[str, object] = {
            "job_id": str(uuid.uuid4()),
            "status": "completed",
            "video_url": url if isinstance(url, str) else None,
            "total_extracted": 0,
            "failed_timestamps": [],
        }
        try:
            item = parse_screenshot_item(job)
            run = _ItemRun(item, str(answer["job_id"]), self.worker_name, store, storage)
            async with AsyncExitStack() as resources:
                await run.take(await self.downloads.get(item.video_url, BEST_VIDEO, resources))
        except CuestreamError as error:
            return {**answer, "status": "error", "error": error.message}
        answer |= {"total_extracted": run.extracted, "failed_timestamps": run.failures}
        if not run.extracted:
            answer |= {"status": "error", "error": "No screenshot could be taken"}
        return answer


class _ItemRun:
    """Pictures of one video."""

    def __init__(
        self,
        item: ScreenshotItem,
        job_id: str,
        worker_name: str,
        store: DocumentStore,
        storage: PictureStorage,
    ) -> None:
        self._item = item
        self._job_id = job_id
        self._worker_name = worker_name
        self._store = store
        self._storage = storage
        self._received = _now()
        self._video_id = video_id_of(item.video_url) or _hash(item.video_url)[:16]
        self.extracted = 0
        self.failures: list[str] = []

    async def take(self, download: Download) -> None:
        """Take every picture; one that fails fails alone.

        Raises:
            MediaError: the file is no media.
        """
        item, facts = self._item, await media_facts(download.path)
        video = ScreenshotVideo.of(download, facts)
        async for picture in taken_pictures(download.path, facts, item.moments, item.quality):
            shown = picture.moment.shown
            if picture.frame is None:
                self.failures.append(f"{shown}: {picture.error}")
                continue
            try:
                await self.put(picture.moment, picture.at_ms, picture.frame, video)
                self.extracted += 1
            except CuestreamError as error:
                self.failures.append(f"{shown}: {error.message}")
        if self._item.transcription_id and self.extracted:
            await self._mark(self._item.transcription_id)

    async def put(
        self, moment: Moment, at_ms: int, frame: VideoFrame, video: ScreenshotVideo
    ) -> str:
        """Store a picture and its row; return its path in the bucket."""
        path = f"screenshots/{self._video_id}/{at_ms}.jpg"
        await self._storage.put(path, frame.jpeg)
        item = self._item
        metadata: dict[str, object] = {
            "video_id": self._video_id,
            "timestamp": at_ms / 1000,
            "timestamp_seconds": at_ms / 1000,
            "timestamp_formatted": format_clock(at_ms),
            "width": frame.width,
            "height": frame.height,
            "platform": platform_of(item.video_url),
            "job_id": self._job_id,
            "storage_status": "temp",
            "job_received_at": self._received,
            "job_completed_at": _now(),
            "worker": self._worker_name,
            "video_title": video.title or None,
            "video_duration": video.duration_ms / 1000,
            **moment.details,
        }
        row: dict[str, object] = {
            "type": "screenshot",
            "storage_path": path,
            "storage_bucket": BUCKET,
            "content_type": "image/jpeg",
            "size_bytes": len(frame.jpeg),
            "source_url": item.video_url,
            "source_url_hash": _hash(item.video_url),
            "title": f"Screenshot at {format_clock(at_ms)}",
            "document_id": item.document_id,
            "metadata": metadata,
        }
        await self._store.add_picture(row)
        return path

    async def _mark(self, transcription_id: str) -> None:
        try:
            await self._store.mark_pictures(transcription_id, self._job_id, self.extracted)
        except CuestreamError as error:
            # The pictures are there; the row is only a note of them.
            log.warning("screenshots not marked", reason=error.message)
            self.failures.append(f"transcription not marked: {error.message}")


def _hash(url: str) -> str:
    """Return the key by which rows of a source are found; MD5 is what databases have it in."""
    name = urlsplit(url).geturl()
    return hashlib.md5(name.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _now() -> str:
    return datetime.now(UTC).isoformat()
