"""A real model server: llama.cpp with a base model that rambles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import httpx
import pytest
import xllamacpp
from pydantic import SecretStr

from app.domain.cue import Cue
from app.domain.errors import TranslationIncompleteError
from app.domain.language import Language
from app.domain.time import Span
from app.services.stages.stage_clock import StageClock
from app.services.stages.translate import translate_cues
from app.services.translation.llm.chat_translator import ChatTranslator
from app.services.translation.llm.connection import ChatConnection
from app.services.translation.llm.endpoint import endpoints_of
from app.services.translation.llm.json_members import JsonMembers
from app.services.translation.llm.ledger import JobLedger
from app.services.translation.llm.liveness import ServerLiveness
from app.services.translation.llm.metering import Meter
from app.services.translation.llm.model_catalog import Prices
from app.services.translation.llm.prompt import translation_request
from app.services.translation.llm.response_formats import JsonSchema
from app.services.translation.quality.line_batch import LineBatch, PendingLines
from app.services.translation.translation_job import TranslationJob
from app.services.translation.translator import SourceLine, TranslationContext
from app.settings import Settings, TranslationSettings
from tests.chatting import QUICK, lines_of, pair
from tests.gguf import gemma_270m
from tests.services.stages.translating import no_notice
from tests.services.translation.llm.slow_proxy import SlowProxy

pytestmark = pytest.mark.slow

CUES = (
    "Good morning.",
    "Where is the station?",
    "The train is late today.",
    "I would like a coffee.",
    "Thank you very much.",
    "How much does it cost?",
    "We live in a small house.",
    "My brother works in Madrid.",
    "It is raining again.",
    "See you tomorrow.",
)
ANSWER_TOKENS = 24
"""The server's own limit of an answer, so that the tests stay short: the model does not stop."""


class Llama:
    """A running server.

    Attributes:
        url: base address of the chat completions.
    """

    def __init__(self, path: Path) -> None:
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_parallel, params.n_ctx = 1, 2048
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
        params.n_predict = ANSWER_TOKENS
        params.sampling.temp = 0.0
        params.endpoint_metrics = params.endpoint_slots = True
        params.warmup = False
        params.port = 0
        self._server = xllamacpp.Server(params)
        self._address = self._server.listening_address
        self.url = f"{self._address}/v1"

    def metric(self, name: str) -> int:
        """Return a counter of the server."""
        text = httpx.get(f"{self._address}/metrics", timeout=60).text
        (value,) = (
            line.split()[1] for line in text.splitlines() if line.startswith(f"llamacpp:{name} ")
        )
        return int(float(value))

    def is_busy(self) -> bool:
        """Whether it works on a request."""
        slots = httpx.get(f"{self._address}/slots", timeout=60).json()
        return any(slot["is_processing"] for slot in slots)


@pytest.fixture(scope="module")
def llama() -> Llama:
    return Llama(gemma_270m())


def settings_at(url: str, **changes: object) -> Settings:
    values = {
        "provider": "llamacpp",
        "server_api_url": url,
        "server_api_key": SecretStr("none"),
        "server_model": "gemma-3-270m",
        "timeout_s": 60.0,
        "attempts": 1,
    }
    return Settings(translation=TranslationSettings.model_validate(values | changes))


class Memory:
    """Translation memory of one job."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def get(self, key: str) -> str | None:
        return None

    def put(self, key: str, text: str) -> None:
        self.texts.append(text)

    async def save_if_due(self) -> None:
        pass

    async def save(self) -> None:
        pass


async def test_an_answer_streams_in_the_schema_s_grammar_and_is_counted(llama: Llama) -> None:
    settings = settings_at(llama.url)
    liveness = ServerLiveness(60.0, answers_probes=True)
    connection = ChatConnection(endpoints_of(settings)[0], liveness)
    lines = lines_of("Yes.", "No.", "Madrid.")
    batch = PendingLines(lines, pair(), ()).batch([line.id for line in lines])
    before = llama.metric("tokens_predicted_total")
    meter, pieces = Meter(0), []
    async for piece in connection.stream(translation_request(batch), JsonSchema(), meter):
        pieces.append(piece)
    await connection.close()
    assert len([piece for piece in pieces if piece]) > 5, "it streams"
    members = JsonMembers().feed("".join(pieces))
    assert [key for key, _ in members] == ["1", "2", "3"][: len(members)]
    assert members, "the first line is complete although the answer was cut short"
    assert meter.reported is not None
    assert meter.reported[1] == llama.metric("tokens_predicted_total") - before
    assert meter.reported[0] > 100


async def test_ten_cues_end_with_the_lines_named_that_could_not_be_translated(
    llama: Llama,
) -> None:
    # A vendor to which no token limit is sent, so that the server's own one holds.
    settings = settings_at(llama.url, provider="openai_compatible")
    translator = ChatTranslator(settings, QUICK)
    translator.batch_sizes = (len(CUES),)
    ledger, memory = JobLedger(None, Prices()), Memory()
    context = TranslationContext(ledger=ledger)
    job = TranslationJob(Language("es"), context=context, memory=memory)
    before = llama.metric("tokens_predicted_total")

    async def cues() -> AsyncIterator[Cue]:
        for number, text in enumerate(CUES):
            span = Span(number * 3000, number * 3000 + 2000)
            yield Cue(number, span, text, language="en")

    done: list[Cue] = []
    missing: tuple[int, ...] = ()
    try:
        async for cue in translate_cues(cues(), translator, job, StageClock(), no_notice):
            done.append(cue)
    except TranslationIncompleteError as error:
        missing = tuple(error.missing)
    await translator.close()
    assert missing or len(done) == len(CUES)
    assert [(cue.id, cue.text) for cue in done] == list(enumerate(CUES))[: len(done)]
    assert not set(missing) & {cue.id for cue in done}
    assert len(memory.texts) == len(CUES) - len(missing), "what is missing is not stored"
    alike = {text: memory.texts.count(text) for text in memory.texts}
    assert max(alike.values(), default=0) < 3, "one text for several lines is no translation"
    usage = ledger.usage()
    assert usage.requests <= 15
    assert usage.completion_tokens == llama.metric("tokens_predicted_total") - before
    assert usage.completion_tokens <= usage.requests * ANSWER_TOKENS


async def test_a_job_that_is_cancelled_stops_the_server(llama: Llama) -> None:
    translator = ChatTranslator(settings_at(llama.url), QUICK)
    lines = lines_of(*CUES)
    before = llama.metric("tokens_predicted_total")
    tasks = [
        asyncio.create_task(
            _read(translator, [SourceLine(n, line.text) for n, line in enumerate(lines)])
        )
        for _ in range(2)
    ]
    async with asyncio.timeout(300):
        while not await asyncio.to_thread(llama.is_busy):
            await asyncio.sleep(0.05)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while await asyncio.to_thread(llama.is_busy):
            await asyncio.sleep(0.05)
    assert llama.metric("requests_deferred") == 0
    assert llama.metric("tokens_predicted_total") - before < ANSWER_TOKENS
    await translator.close()


async def test_four_requests_in_a_slow_server_s_queue_are_each_sent_once(llama: Llama) -> None:
    with SlowProxy(llama.url, tokens_per_s=6.0) as proxy:
        # A vendor without growth, so that four are in flight from the beginning.
        settings = settings_at(
            proxy.url, provider="openai_compatible", timeout_s=2.0, concurrency=4
        )
        (endpoint,) = endpoints_of(settings)
        connection = ChatConnection(endpoint, ServerLiveness(2.0, answers_probes=True))
        (line,) = lines_of("Good morning.")
        request = translation_request(LineBatch({"1": line}, pair(), (), {}))
        answers = await asyncio.gather(*(_text(connection, request, Meter(0)) for _ in range(4)))
        await connection.close()
    assert proxy.requests == 4
    assert all(answer.strip() for answer in answers)


async def _read(translator: ChatTranslator, lines: list[SourceLine]) -> None:
    async for _ in translator.translate(lines, pair(), ()):
        pass


async def _text(connection: ChatConnection, request: object, meter: Meter) -> str:
    async with aclosing(connection.stream(request, JsonSchema(), meter)) as pieces:
        return "".join([piece async for piece in pieces])
