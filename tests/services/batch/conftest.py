"""A project in a real PostgreSQL, reached in both ways, and a pipeline that answers at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.domain.cue import Cue
from app.domain.errors import CuestreamError
from app.domain.events import Origin, Result
from app.domain.request import JobRequest
from app.domain.time import Span
from app.domain.transcript import Segment, Word
from app.services.batch.batch_item_run import Model
from app.services.batch.batch_items import parse_items
from app.services.batch.document_runner import BatchReport, DocumentRunner
from app.services.batch.document_store import DocumentStore
from app.services.batch.postgres_rpc import PostgresRpc
from app.services.batch.postgrest_rpc import PostgrestRpc
from app.settings import BatchSettings
from tests.postgres import PostgresServer
from tests.supabase import (
    SERVICE_KEY,
    RestFront,
    SupabaseDatabase,
    make_template,
    supabase_database,
)

LEASE_S = 120


@pytest.fixture(scope="session")
def supabase_template(postgres: PostgresServer) -> str:
    return make_template(postgres)


@pytest.fixture(scope="session")
def shared_database(postgres: PostgresServer, supabase_template: str) -> Iterator[SupabaseDatabase]:
    with supabase_database(postgres, supabase_template) as made:
        yield made


@pytest.fixture
def altered() -> None:
    """A test with this fixture changes tables or functions, and so has a database of its own."""


@pytest.fixture
def database(
    request: pytest.FixtureRequest,
    postgres: PostgresServer,
    supabase_template: str,
    shared_database: SupabaseDatabase,
) -> Iterator[SupabaseDatabase]:
    """A project without documents."""
    if "altered" in request.fixturenames:
        with supabase_database(postgres, supabase_template) as made:
            yield made
    else:
        shared_database.clear()
        yield shared_database


@pytest.fixture
def front(database: SupabaseDatabase) -> Iterator[RestFront]:
    running = RestFront(database.url)
    yield running
    running.close()


@pytest.fixture(params=["postgres", "rest"])
async def store(
    request: pytest.FixtureRequest, database: SupabaseDatabase, front: RestFront
) -> AsyncIterator[DocumentStore]:
    """The same documents, straight and through the REST interface."""
    rpc: PostgresRpc | PostgrestRpc = PostgresRpc(database.url)
    if request.param == "rest":
        await rpc.close()
        rpc = PostgrestRpc(front.url, SERVICE_KEY)
    made = DocumentStore(rpc, LEASE_S, most_lost_claims=3, patience_s=20)
    yield made
    await made.close()


def word(text: str, start_ms: int, end_ms: int) -> Word:
    return Word(text, Span(start_ms, end_ms))


SEGMENTS = (
    Segment(
        "Hello there.",
        Span(500, 1500),
        (word("Hello", 500, 900), word("there.", 1000, 1500)),
        "en",
    ),
    Segment(
        "Good bye.", Span(2000, 3000), (word("Good", 2000, 2400), word("bye.", 2500, 3000)), "en"
    ),
)


def result(
    origin: Origin = "whisper",
    language: str = "en",
    segments: tuple[Segment, ...] = SEGMENTS,
    **further: Any,
) -> Result:
    cues = tuple(Cue(n, each.span, each.text) for n, each in enumerate(segments))
    return Result(cues, False, language, 4000, 100, {}, origin, segments=segments, **further)


def address(request: JobRequest) -> str:
    return request.source.identity.partition(":")[2]


@dataclass
class InstantPipeline:
    """Answers requests at once with what a test says, by the address of their media.

    Attributes:
        answers: a result, an error, or a coroutine function that makes one, by address.
        requests: in order.
        at_once: most requests at a time.
    """

    answers: dict[str, Result | CuestreamError | Callable[[], Awaitable[Result]]] = field(
        default_factory=dict
    )
    requests: list[JobRequest] = field(default_factory=list)
    at_once: int = 0
    cancelled: int = 0
    _running: int = 0

    async def __call__(self, request: JobRequest) -> Result:
        self.requests.append(request)
        self._running += 1
        self.at_once = max(self.at_once, self._running)
        try:
            await asyncio.sleep(0.01)
            answer = self.answers.get(address(request), result())
            if isinstance(answer, CuestreamError):
                raise answer
            return answer if isinstance(answer, Result) else await answer()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self._running -= 1


@pytest.fixture
def pipeline() -> InstantPipeline:
    return InstantPipeline()


RunBatch = Callable[..., Awaitable[BatchReport]]
MakeRunner = Callable[..., DocumentRunner]


def model() -> Model:
    return Model("local", "WhisperX-tiny")


def runner_of(store: DocumentStore, **settings: object) -> DocumentRunner:
    return DocumentRunner(
        BatchSettings.model_validate({"worker_name": "worker-1", **settings}), store
    )


@pytest.fixture
def make_runner(store: DocumentStore) -> MakeRunner:
    def make(**settings: object) -> DocumentRunner:
        return runner_of(store, **settings)

    return make


@pytest.fixture
def run_batch(make_runner: MakeRunner, pipeline: InstantPipeline) -> RunBatch:
    """Work on messages as an Edge Function hands them over."""

    async def run(jobs: list[Any], **settings: object) -> BatchReport:
        return await make_runner(**settings).run(parse_items(jobs), pipeline, model)

    return run
