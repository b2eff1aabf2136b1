"""The contract's numbered tests of batches (section A9), on a real PostgreSQL with pgmq."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from app.domain.errors import SourceError
from app.services.batch.batch_items import parse_items
from app.services.batch.document_store import DocumentStore
from app.services.batch.video_address import platform_of, source_of, video_id_of
from tests.services.batch.conftest import (
    InstantPipeline,
    RunBatch,
    address,
    result,
)
from tests.supabase import QUEUE, RestFront, SupabaseDatabase

URL = "http://site/a.mp4"


def test_a1_the_queue_and_the_read_count_have_defaults() -> None:
    (item,) = parse_items([{"msg_id": 1, "document_id": "d"}])
    assert (item.message, item.read_count, item.document_id) == (1, 1, "d")
    assert parse_items([{"msg_id": 1, "read_ct": None, "document_id": "d"}]) == [item]


async def test_a4_a_message_without_an_id_is_archived_and_later_items_run(
    database: SupabaseDatabase, run_batch: RunBatch
) -> None:
    document = database.document()
    lost = database.send({"something": "else"})
    report = await run_batch([{"msg_id": lost, "message": {"a": 1}}, *database.read(1)])
    assert report.results[0] == {
        "msg_id": lost,
        "status": "archived",
        "reason": "missing document_id",
    }
    assert report.results[1]["status"] == "completed"
    assert database.archived() == [lost]
    assert database.waiting() == []
    assert database.row(document)["processing_status"] == "completed"


@pytest.mark.parametrize("beside", [{}, {"document_id": None}, {"document_id": {"a": 1}}])
async def test_a5_the_id_inside_the_message_counts_whatever_stands_beside_it(
    database: SupabaseDatabase, run_batch: RunBatch, beside: dict[str, Any]
) -> None:
    document = database.document()
    (message,) = database.read()
    report = await run_batch(
        [{"msg_id": message["msg_id"], "message": message["message"], **beside}]
    )
    assert report.results[0]["document_id"] == document
    assert report.summary == {"total": 1, "completed": 1, "retry": 0, "archived": 0, "deleted": 0}


async def test_a6_the_message_of_a_completed_document_is_deleted_and_nothing_else_is_done(
    database: SupabaseDatabase, run_batch: RunBatch, pipeline: InstantPipeline
) -> None:
    document = database.document()
    database.query("update documents set processing_status = 'completed' where id = %s", document)
    before = database.row(document)
    (report,) = (await run_batch(database.read())).results
    assert (report["status"], report["reason"]) == ("deleted", "not pending")
    assert database.row(document) == before
    assert (database.waiting(), database.archived(), pipeline.requests) == ([], [], [])


async def test_a7_captions_are_stored_then_the_document_completed_then_the_message_deleted(
    database: SupabaseDatabase,
    run_batch: RunBatch,
    pipeline: InstantPipeline,
    front: RestFront,
) -> None:
    document = database.document(
        lang="en", canonical_url="https://www.youtube.com/watch?v=dQw4w9WgXcQ"
    )
    pipeline.answers["https://www.youtube.com/watch?v=dQw4w9WgXcQ"] = result(
        "youtube_manual", caption_format="json3"
    )
    (report,) = (await run_batch(database.read())).results
    assert report == {
        "msg_id": 1,
        "status": "completed",
        "source": "subtitle",
        "word_count": 4,
        "segment_count": 2,
        "document_id": document,
    }
    assert pipeline.requests[0].automatic_captions
    assert not pipeline.requests[0].force_whisper
    row = database.row(document)
    assert (row["processing_status"], row["processing_error"]) == ("completed", None)
    assert row["processed_at"] is not None
    stored = database.transcription(document)
    assert stored is not None
    assert (stored["source"], stored["language"], stored["confidence_score"]) == (
        "subtitle",
        "en",
        None,
    )
    assert stored["full_text"] == "Hello there. Good bye."
    assert (stored["word_count"], stored["segment_count"]) == (4, 2)
    assert stored["metadata"] == {
        "language_tag": "en",
        "platform": "youtube",
        "duration": 4.0,
        "processing_time": 0.1,
        "word_count": 4,
        "segment_count": 2,
        "provider": "cuestream",
        "is_auto_generated": False,
        "source_format": "json3",
    }
    assert database.waiting() == []
    if front.calls:
        assert front.names == ["claim_document", "complete_document", "pgmq_delete_one"]


@pytest.mark.parametrize(
    ("fields", "job"),
    [({"media_format": "audio"}, {}), ({"media_format": "video"}, {"skip_subtitles": True})],
)
async def test_a8_sound_and_skipped_captions_are_transcribed_with_words(
    database: SupabaseDatabase,
    run_batch: RunBatch,
    pipeline: InstantPipeline,
    fields: dict[str, Any],
    job: dict[str, Any],
) -> None:
    document = database.document(**fields)
    (message,) = database.read()
    (report,) = (await run_batch([{**message, **job}])).results
    assert report["source"] == "ai"
    assert pipeline.requests[0].force_whisper
    assert not pipeline.requests[0].automatic_captions
    stored = database.transcription(document)
    assert stored is not None
    assert stored["segments"][0] == {
        "segment_id": 1,
        "start": 0.5,
        "end": 1.5,
        "text": "Hello there.",
        "words": [
            {"word": "Hello", "start": 0.5, "end": 0.9},
            {"word": "there.", "start": 1.0, "end": 1.5},
        ],
    }
    assert stored["metadata"]["model"] == "WhisperX-tiny"
    assert stored["metadata"]["provider"] == "local"


async def test_a9_a_failure_before_the_last_attempt_leaves_the_message(
    database: SupabaseDatabase, run_batch: RunBatch, pipeline: InstantPipeline
) -> None:
    document = database.document()
    pipeline.answers[URL] = SourceError("The site does not answer")
    (message,) = database.read()
    (report,) = (await run_batch([{**message, "read_ct": 2}])).results
    error = f"[Step: extracting audio from {URL}] The site does not answer"
    assert report == {
        "msg_id": 1,
        "status": "retry",
        "error": error,
        "read_ct": 2,
        "document_id": document,
    }
    row = database.row(document)
    assert (row["processing_status"], row["processing_error"]) == ("pending", f"Retry 2/5: {error}")
    assert (database.waiting(), database.archived()) == ([1], [])


async def test_a10_a_failure_at_the_last_attempt_archives_the_message(
    database: SupabaseDatabase, run_batch: RunBatch, pipeline: InstantPipeline
) -> None:
    document = database.document()
    pipeline.answers[URL] = SourceError("x" * 700)
    (message,) = database.read()
    (report,) = (await run_batch([{**message, "read_ct": 5}])).results
    error = str(report["error"])
    assert error.startswith("[Step: extracting audio from")
    assert error.endswith("... (truncated)")
    assert len(error) == 480 + len("... (truncated)")
    assert (report["status"], report["read_ct"]) == ("archived", 5)
    row = database.row(document)
    assert row["processing_status"] == "error"
    assert row["processing_error"] == f"Failed after 5 attempts. Last error: {error}"
    assert (database.waiting(), database.archived()) == ([], [1])


async def test_a11_each_item_of_a_batch_ends_in_its_own_way_in_the_order_of_the_batch(
    database: SupabaseDatabase, run_batch: RunBatch, pipeline: InstantPipeline
) -> None:
    database.document(canonical_url="http://site/good.mp4")
    database.document(canonical_url="http://site/bad.mp4")
    stale = database.document()
    database.query("delete from documents where id = %s", stale)
    pipeline.answers["http://site/bad.mp4"] = SourceError("no")
    report = await run_batch(database.read())
    assert [each["msg_id"] for each in report.results] == [1, 2, 3]
    assert [each["status"] for each in report.results] == ["completed", "retry", "deleted"]
    assert report.summary == {"total": 3, "completed": 1, "retry": 1, "archived": 0, "deleted": 1}


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        ({"url": "http://site/b.mp4"}, "http://site/b.mp4"),
        ({"url": "http://site/b.mp4", "media_url": "http://site/c.mp4"}, "http://site/c.mp4"),
        ({"url": ""}, None),
        (["url"], None),
    ],
)
async def test_a12_the_address_is_the_canonical_one_or_the_one_in_the_metadata(
    database: SupabaseDatabase,
    run_batch: RunBatch,
    pipeline: InstantPipeline,
    metadata: object,
    found: str | None,
) -> None:
    database.document(canonical_url="", metadata=metadata)
    (report,) = (await run_batch(database.read())).results
    if found is None:
        text = "No media URL found in document (canonical_url or metadata.media_url/url)"
        assert report["error"] == f"[Step: validating document data] {text}"
    else:
        assert address(pipeline.requests[0]) == found


async def test_a13_another_media_format_is_an_error_that_is_retried(
    database: SupabaseDatabase, run_batch: RunBatch
) -> None:
    document = database.document(media_format="image")
    message = database.send({"document_id": document})
    (report,) = (await run_batch([{"msg_id": message, "document_id": document}])).results
    text = "Invalid media_format 'image' (expected 'video' or 'audio')"
    assert report["error"] == f"[Step: validating document data] {text}"
    assert report["status"] == "retry"
    assert database.row(document)["processing_status"] == "pending"


async def test_a17_the_document_of_a_dead_worker_is_done_when_its_message_comes_again(
    database: SupabaseDatabase, run_batch: RunBatch, store: DocumentStore
) -> None:
    document = database.document()
    messages = database.read()
    database.query(
        "update documents set processing_status = 'processing', claimed_by = 'dead/1', "
        "claim_expires_at = clock_timestamp() + interval '1 minute' where id = %s",
        document,
    )
    (early,) = (await run_batch(messages)).results
    assert (early["status"], early["reason"]) == ("retry", "in progress")
    assert database.waiting() == [1]
    database.query("update documents set claim_expires_at = now() - interval '1 s'")
    (late,) = (await run_batch(messages)).results
    assert late["status"] == "completed"
    assert database.waiting() == []


async def test_a17_a_claim_from_before_there_were_leases_runs_out_too(
    database: SupabaseDatabase, run_batch: RunBatch
) -> None:
    document = database.document()
    database.query(
        "update documents set processing_status = 'processing', updated_at = now() - "
        "interval '1 hour' where id = %s",
        document,
    )
    (report,) = (await run_batch(database.read())).results
    assert report["status"] == "completed"


async def test_unknown_ids_are_no_poison(database: SupabaseDatabase, run_batch: RunBatch) -> None:
    missing = str(uuid.uuid4())
    messages = [database.send({}) for _ in range(5)]
    report = await run_batch(
        [
            {"msg_id": messages[0], "document_id": "not an id"},
            {"msg_id": messages[1], "document_id": missing},
            {"msg_id": messages[2], "document_id": 5},
            {"msg_id": messages[3], "document_id": "x" * 5000},
            {"msg_id": messages[4], "document_id": "a\x00b"},
            "text",
            None,
            {"document_id": True, "msg_id": 10**5000},
            {"document_id": 10**5000},
        ]
    )
    assert [(each["status"], each.get("reason")) for each in report.results[:5]] == [
        ("archived", "invalid document_id"),
        ("deleted", "not pending"),
        ("archived", "invalid document_id"),
        ("archived", "missing document_id"),
        ("archived", "missing document_id"),
    ]
    assert [each["status"] for each in report.results[5:]] == ["retry"] * 4
    assert database.waiting() == []
    assert sorted(database.archived()) == sorted({messages[0], *messages[2:]})
    assert QUEUE == "video_audio_transcription"


@pytest.mark.parametrize(
    ("url", "identity", "platform", "video_id"),
    [
        (
            "https://youtu.be/dQw4w9WgXcQ?t=5",
            "site:https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            "youtube",
            "dQw4w9WgXcQ",
        ),
        (
            "https://m.youtube.com/watch?list=a&v=dQw4w9WgXcQ",
            "site:https://www.youtube.com/watch?v=dQw4w9WgXcQ",
            "youtube",
            "dQw4w9WgXcQ",
        ),
        ("https://vimeo.com/123", "site:https://vimeo.com/123", "vimeo", "123"),
        ("https://netflix.com/a", "url:https://netflix.com/a", "netflix.com", "a"),
        ("https://dropbox.com/b.mp4", "url:https://dropbox.com/b.mp4", "dropbox.com", "b"),
        ("https://evil/?youtube.com", "url:https://evil/?youtube.com", "evil", None),
    ],
)
def test_addresses_are_told_apart_by_their_host(
    url: str, identity: str, platform: str, video_id: str | None
) -> None:
    assert source_of(url).identity == identity
    assert (platform_of(url), video_id_of(url)) == (platform, video_id)
