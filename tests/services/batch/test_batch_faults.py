"""Batches when workers die, leave or meet, and when their database goes away."""

from __future__ import annotations

import asyncio
import subprocess
from typing import Any

import pytest

from app.domain.errors import (
    DocumentSchemaError,
    DocumentStoreError,
    DrainingError,
    NoSpeechError,
    NotReadyError,
    SourceError,
)
from app.domain.events import Notice, Result
from app.domain.time import Span
from app.domain.transcript import Segment
from app.services.batch.batch_items import parse_items
from app.services.batch.document_store import DocumentClaim, DocumentStore
from app.services.batch.postgres_rpc import PostgresRpc
from app.services.batch.postgrest_rpc import PostgrestRpc
from tests.postgres import postgres_bin
from tests.services.batch.conftest import (
    InstantPipeline,
    MakeRunner,
    RunBatch,
    model,
    result,
    runner_of,
    word,
)
from tests.supabase import SCHEMA, SERVICE_KEY, RestFront, SupabaseDatabase

URL = "http://site/a.mp4"


class Gate:
    """An answer of the pipeline that a test holds back."""

    def __init__(self, answer: Result | None = None) -> None:
        self.begun = asyncio.Event()
        self.open = asyncio.Event()
        self._answer = answer or result()

    async def __call__(self) -> Result:
        self.begun.set()
        await self.open.wait()
        return self._answer


def seconds_left(database: SupabaseDatabase, table: str, column: str) -> list[float]:
    query = (
        f"select extract(epoch from {column} - clock_timestamp())::float from {table} order by 1"
    )
    return database.query(query)


async def until(condition: Any, limit_s: float = 60) -> None:
    async with asyncio.timeout(limit_s):
        while not condition():
            await asyncio.sleep(0.05)


async def test_a18_while_a_batch_is_worked_on_its_messages_stay_invisible(
    database: SupabaseDatabase,
    make_runner: MakeRunner,
    pipeline: InstantPipeline,
    store: DocumentStore,
) -> None:
    store.lease_s = 6
    for _ in range(10):
        database.document()
    gate = Gate()
    pipeline.answers[URL] = gate
    messages = database.read(10, vt=1)
    runner = make_runner(max_concurrent_transcriptions=1)
    run = asyncio.create_task(runner.run(parse_items(messages), pipeline, model))
    await gate.begun.wait()
    await until(lambda: min(seconds_left(database, "pgmq.q_video_audio_transcription", "vt")) > 3)
    assert database.read(10) == [], "none of them was handed out again"
    (claimed,) = database.query("select claimed_by from documents where claimed_by is not null")
    assert claimed.startswith("worker-1/")
    gate.open.set()
    report = await run
    assert report.summary["completed"] == 10
    assert len(pipeline.requests) == 10, "none of them ran twice"
    assert database.waiting() == []


async def test_a_message_is_never_made_visible_earlier_than_its_reader_asked_for(
    database: SupabaseDatabase, store: DocumentStore
) -> None:
    document = database.document()
    database.read(1, vt=1800)
    claim = DocumentClaim(document, "w/1")
    await store.claim(claim)
    assert await store.renew([claim], "video_audio_transcription", [1]) == frozenset()
    assert seconds_left(database, "pgmq.q_video_audio_transcription", "vt")[0] > 1700
    assert 100 < seconds_left(database, "documents", "claim_expires_at")[0] <= 120


async def test_as_many_documents_are_worked_on_at_a_time_as_is_set_of_all_batches(
    database: SupabaseDatabase, make_runner: MakeRunner, pipeline: InstantPipeline
) -> None:
    gate = Gate()
    pipeline.answers[URL] = gate
    for _ in range(8):
        database.document()
    runner = make_runner(max_concurrent_transcriptions=3)
    batches = [parse_items(database.read(4)), parse_items(database.read(4))]
    runs = [asyncio.create_task(runner.run(each, pipeline, model)) for each in batches]
    await until(lambda: pipeline.at_once >= 3)
    gate.open.set()
    reports = await asyncio.gather(*runs)
    assert [each.summary["completed"] for each in reports] == [4, 4]
    assert pipeline.at_once == 3


async def test_two_workers_never_have_one_document_at_a_time(
    database: SupabaseDatabase, make_runner: MakeRunner, pipeline: InstantPipeline
) -> None:
    document = database.document()
    jobs = [{"msg_id": None, "document_id": document} for _ in range(6)]
    reports = await asyncio.gather(
        *(
            make_runner(worker_name=f"w{n}").run(parse_items(jobs[:3]), pipeline, model)
            for n in (1, 2)
        )
    )
    statuses = [each["status"] for report in reports for each in report.results]
    assert statuses.count("completed") == 1
    assert len(pipeline.requests) == 1


async def test_a_claim_that_was_taken_over_stops_its_work_and_changes_nothing(
    database: SupabaseDatabase,
    make_runner: MakeRunner,
    pipeline: InstantPipeline,
    store: DocumentStore,
) -> None:
    store.lease_s = 6
    document = database.document()
    gate = Gate()
    pipeline.answers[URL] = gate
    run = asyncio.create_task(make_runner().run(parse_items(database.read()), pipeline, model))
    await gate.begun.wait()
    database.query("update documents set claimed_by = 'other/1' where id = %s", document)
    (report,) = (await run).results
    assert report["status"] == "retry"
    assert pipeline.cancelled == 1
    row = database.row(document)
    assert (row["processing_status"], row["claimed_by"]) == ("processing", "other/1")
    assert database.waiting() == [1]


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("status", ["completed", "error"])
async def test_nothing_overwrites_a_row_that_somebody_else_has_ended(
    database: SupabaseDatabase,
    make_runner: MakeRunner,
    pipeline: InstantPipeline,
    status: str,
    fails: bool,
) -> None:
    document = database.document()
    gate = Gate()

    async def failing() -> Result:
        await gate()
        raise SourceError("gone")

    pipeline.answers[URL] = failing if fails else gate
    run = asyncio.create_task(
        make_runner().run(parse_items([{**database.read()[0], "read_ct": 5}]), pipeline, model)
    )
    await gate.begun.wait()
    database.query(
        "update documents set processing_status = %s, claimed_by = null where id = %s",
        status,
        document,
    )
    before = database.row(document)
    gate.open.set()
    (report,) = (await run).results
    assert report["status"] == "deleted"
    assert database.row(document) == before
    assert database.transcription(document) is None
    assert (database.waiting(), database.archived()) == ([], [])


async def test_a_worker_that_leaves_gives_its_documents_back_at_once(
    database: SupabaseDatabase, make_runner: MakeRunner, pipeline: InstantPipeline
) -> None:
    document = database.document()
    gate = Gate()
    pipeline.answers[URL] = gate
    runner = make_runner()
    run = asyncio.create_task(runner.run(parse_items(database.read()), pipeline, model))
    await gate.begun.wait()
    await runner.close()
    with pytest.raises(asyncio.CancelledError):
        await run
    row = database.row(document)
    assert (row["processing_status"], row["claimed_by"]) == ("pending", None)
    assert database.waiting() == [1]


@pytest.mark.parametrize("error", [DrainingError("leaving", 5), NotReadyError("no models", 5)])
async def test_a_worker_that_cannot_work_takes_no_attempt_from_a_document(
    database: SupabaseDatabase, run_batch: RunBatch, pipeline: InstantPipeline, error: Any
) -> None:
    document = database.document()
    pipeline.answers[URL] = error
    (report,) = (await run_batch([{**database.read()[0], "read_ct": 5}])).results
    assert report["status"] == "retry"
    assert database.row(document)["processing_status"] == "pending"
    assert database.waiting() == [1]


async def test_a_document_that_ends_every_worker_is_given_up(
    database: SupabaseDatabase, run_batch: RunBatch
) -> None:
    document = database.document()
    (message,) = database.read()
    database.query(
        "update documents set processing_status = 'processing', claimed_by = 'dead', "
        "claim_expires_at = now() - interval '1 s', lost_claims = 3"
    )
    (report,) = (await run_batch([message])).results
    assert report["status"] == "archived"
    assert "the worker stopped" in str(report["error"])
    assert database.row(document)["processing_status"] == "error"
    assert database.archived() == [1]


async def test_a_recording_without_speech_is_completed_and_says_so(
    database: SupabaseDatabase, run_batch: RunBatch, pipeline: InstantPipeline
) -> None:
    document = database.document(lang="de")
    pipeline.answers[URL] = NoSpeechError("No speech was found")
    (report,) = (await run_batch(database.read())).results
    assert (report["status"], report["segment_count"]) == ("completed", 0)
    stored = database.transcription(document)
    assert stored is not None
    assert (stored["segments"], stored["language"]) == ([], "de")
    assert stored["metadata"]["notices"][0]["code"] == "no_speech"


@pytest.mark.parametrize(
    ("tag", "code"),
    [("es-419", "es"), ("zh-Hans", "zh"), ("pt-BR", "pt-BR"), ("und", "und"), ("yue-Hant", "yue")],
)
@pytest.mark.usefixtures("altered")
async def test_language_codes_fit_and_the_whole_tag_is_kept(
    database: SupabaseDatabase,
    run_batch: RunBatch,
    pipeline: InstantPipeline,
    tag: str,
    code: str,
) -> None:
    database.query("alter table document_transcriptions alter language type varchar(5)")
    document = database.document(lang="english")
    pipeline.answers[URL] = result(language=tag)
    (report,) = (await run_batch(database.read())).results
    assert report["status"] == "completed"
    stored = database.transcription(document)
    assert stored is not None
    assert (stored["language"], stored["metadata"]["language_tag"]) == (code, tag)


@pytest.mark.parametrize(
    ("lang", "spoken"), [("de", "de"), ("GER", "de"), ("??", None), (None, None)]
)
async def test_a_language_that_is_none_is_detected(
    database: SupabaseDatabase,
    run_batch: RunBatch,
    pipeline: InstantPipeline,
    lang: str | None,
    spoken: str | None,
) -> None:
    database.document(lang=lang)
    await run_batch(database.read())
    request = pipeline.requests[0]
    assert (request.spoken.tag if request.spoken else None) == spoken


async def test_other_programs_keys_in_the_metadata_stay(
    database: SupabaseDatabase, run_batch: RunBatch, pipeline: InstantPipeline
) -> None:
    document = database.document()
    database.query(
        "insert into document_transcriptions (document_id, segments, language, source, metadata) "
        """values (%s, '[]', 'en', 'ai', '{"screenshots_status": "extracted", "model": "old"}')""",
        document,
    )
    pipeline.answers[URL] = result(notices=(Notice("gaps_skipped", "a gap"),))
    await run_batch(database.read())
    stored = database.transcription(document)
    assert stored is not None
    assert stored["metadata"]["screenshots_status"] == "extracted"
    assert stored["metadata"]["model"] == "WhisperX-tiny"
    assert stored["metadata"]["notices"] == [{"code": "gaps_skipped", "message": "a gap"}]


async def test_a_transcript_of_a_long_night_is_stored(
    database: SupabaseDatabase, run_batch: RunBatch, pipeline: InstantPipeline
) -> None:
    words = tuple(word(f"word{n}", n * 400, n * 400 + 350) for n in range(10))
    segments = tuple(
        Segment(f"segment {n} \x00\ud800", Span(n * 4000, n * 4000 + 3900), words, "en")
        for n in range(6_000)
    )
    document = database.document()
    pipeline.answers[URL] = result(segments=segments)
    (report,) = (await run_batch(database.read())).results
    assert (report["status"], report["word_count"]) == ("completed", 60_000)
    query = "select jsonb_array_length(segments) from document_transcriptions where document_id=%s"
    assert database.query(query, document) == [6_000]


async def test_an_answer_that_was_lost_is_asked_for_again(
    database: SupabaseDatabase, front: RestFront, pipeline: InstantPipeline
) -> None:
    document = database.document()
    store = DocumentStore(PostgrestRpc(front.url, SERVICE_KEY), 120, 3, patience_s=20)
    runner = runner_of(store)
    front.losing = 1
    front.failing = [503, 520]
    (report,) = (await runner.run(parse_items(database.read()), pipeline, model)).results
    assert report["status"] == "completed"
    assert front.names.count("claim_document") == 2
    assert database.row(document)["processing_status"] == "completed"
    await store.close()


@pytest.mark.parametrize("kind", ["postgres", "rest"])
async def test_a_database_that_cannot_be_reached_is_no_failure_of_the_document(
    pipeline: InstantPipeline, kind: str
) -> None:
    dsn = "postgresql://user:a-secret-password@127.0.0.1:9/none"
    rpc = (
        PostgresRpc(dsn, 1.0)
        if kind == "postgres"
        else PostgrestRpc("http://127.0.0.1:9", SERVICE_KEY)
    )
    store = DocumentStore(rpc, 120, 3, patience_s=0.5)
    runner = runner_of(store)
    items = parse_items([{"msg_id": 1, "document_id": "a"}])
    (report,) = (await runner.run(items, pipeline, model)).results
    assert report["status"] == "retry"
    assert "reached" in str(report["error"])
    assert "a-secret-password" not in str(report)
    assert SERVICE_KEY not in str(report)
    assert pipeline.requests == []
    await store.close()


@pytest.mark.usefixtures("altered")
async def test_a_wrong_key_and_a_missing_schema_are_told_apart(
    database: SupabaseDatabase, front: RestFront, store: DocumentStore
) -> None:
    wrong = DocumentStore(PostgrestRpc(front.url, "wrong-key"), 120, 3)
    with pytest.raises(DocumentStoreError, match="Invalid API key"):
        await wrong.find("a")
    await wrong.close()
    database.query("drop function claim_document")
    with pytest.raises(DocumentSchemaError, match=r"docs/supabase/schema\.sql"):
        await store.claim(DocumentClaim("a", "b"))


async def test_a_database_that_restarts_in_the_middle_delays_alone(
    database: SupabaseDatabase, pipeline: InstantPipeline, make_runner: MakeRunner
) -> None:
    document = database.document()
    gate = Gate()
    pipeline.answers[URL] = gate
    run = asyncio.create_task(make_runner().run(parse_items(database.read()), pipeline, model))
    await gate.begun.wait()
    database.query(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )
    gate.open.set()
    (report,) = (await run).results
    assert report["status"] == "completed"
    assert database.row(document)["processing_status"] == "completed"
    assert database.waiting() == []


@pytest.mark.usefixtures("altered")
async def test_the_schema_may_be_run_again_and_on_an_earlier_one(
    database: SupabaseDatabase,
) -> None:
    document = database.document()
    database.query("alter table documents drop column claimed_by, drop column lost_claims")
    database.query("drop function pgmq_delete_one")
    for _ in range(2):
        psql = [
            str(postgres_bin() / "psql"),
            database.url,
            "-qv",
            "ON_ERROR_STOP=1",
            "-f",
            str(SCHEMA),
        ]
        subprocess.run(psql, check=True, capture_output=True)
    row = database.row(document)
    assert (row["claimed_by"], row["lost_claims"]) == (None, 0)
    assert database.waiting() == [1], "its trigger is not there twice"


async def test_only_the_service_role_may_call_the_functions(database: SupabaseDatabase) -> None:
    query = (
        "select p.proname from pg_proc p where p.pronamespace = 'public'::regnamespace and "
        "(has_function_privilege('anon', p.oid, 'execute') or not "
        "has_function_privilege('service_role', p.oid, 'execute'))"
    )
    assert database.query(query) == []


async def test_the_reader_of_the_queue_gets_documents_ids(database: SupabaseDatabase) -> None:
    document = database.document()
    rows = database.query("select to_jsonb(d) from dequeue_video_audio_transcription() d")
    assert [(row["msg_id"], row["read_ct"], row["document_id"]) for row in rows] == [
        (1, 1, document)
    ]
