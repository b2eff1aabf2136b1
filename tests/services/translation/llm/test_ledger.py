"""What jobs pay language models, and when they may not."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from app.domain.errors import EngineLoadError, TranslationBudgetError
from app.domain.events import Usage
from app.gpu.protocols import AudioPrice
from app.services.translation.llm.ledger import (
    CallerLedgers,
    JobLedger,
    open_ledgers,
    server_prices,
)
from app.services.translation.llm.metering import Meter, estimated_tokens, metered
from app.services.translation.llm.model_catalog import FREE, Price, Prices, list_price
from app.services.translation.translator import TranslationContext
from app.settings import Settings, TranslationSettings
from bench.speech import SENTENCES
from tests import chat_behaviours as b
from tests.chat_server import ChatServer
from tests.chatting import lines_of, right, translated, translator_at

DOLLAR = Prices(Price(1_000_000, 1_000_000))
"""A dollar a token."""


@pytest.mark.parametrize(
    ("model", "price"),
    [
        ("gpt-4o-mini-2024-07-18", Price(0.15, 0.60)),
        ("gpt-4o", Price(2.50, 10.00)),
        ("openai/gpt-4o", Price(2.50, 10.00)),
        ("meta-llama/llama-3.3:free", FREE),
        ("mistral-large-latest", Price(2.00, 6.00)),
        ("some-model", None),
    ],
)
def test_list_prices(model: str, price: Price | None):
    assert list_price(model) == price


def test_the_settings_prices_go_first_and_models_at_home_are_free():
    given = TranslationSettings(price_input_usd=3.0, price_output_usd=4.0)
    assert Prices.from_settings(given, frozenset()).of("gpt-4o") == Price(3.0, 4.0)
    half = TranslationSettings(price_input_usd=3.0)
    assert Prices.from_settings(half, frozenset()).of("gpt-4o") == Price(2.5, 10.0)
    home = Settings(translation=TranslationSettings(provider="ollama"))
    assert server_prices(home).of("llama3.3") == FREE
    assert Price(0.15, 0.6).cost_usd(1_000_000, 500_000) == pytest.approx(0.45)


def test_what_is_under_way_counts_as_spent():
    ledger = JobLedger(100.0, DOLLAR)
    ledger.afford("m", 40, 10)
    with pytest.raises(TranslationBudgetError, match=r"MAX_COST_USD \(\$100\)"):
        ledger.afford("m", 40, 11)
    ledger.spend("m", 20, 10)
    assert ledger.usage() == Usage(1, 20, 10, 30.0)
    ledger.afford("m", 60, 10)
    ledger.spend("m", 0, 0)
    assert ledger.usage().requests == 1, "it was never answered"
    ledger.afford("m", 60, 10)


def test_a_price_that_nobody_knows_costs_nothing_that_can_be_told():
    ledger = JobLedger(None, Prices())
    ledger.afford("unknown", 10, 10)
    ledger.spend("unknown", 10, 10)
    assert ledger.usage() == Usage(1, 10, 10, None)


def test_callers_have_accounts_of_their_own():
    told: list[tuple[str, int, int, float | None]] = []
    settings = Settings(translation=TranslationSettings(provider="openai"))
    ledgers = open_ledgers(settings, lambda *paid: told.append(paid))
    for caller, tokens in (("ann", 10), ("bob", 20), ("ann", 30)):
        ledger = ledgers.open(caller)
        ledger.afford("gpt-4o", tokens, tokens)
        ledger.spend("gpt-4o", tokens, tokens)
    assert ledgers.total("ann").prompt_tokens == 40
    assert ledgers.total("ann").requests == 2
    assert ledgers.total("bob").cost_usd == pytest.approx(20 * 12.5 / 1_000_000)
    assert ledgers.total("eve") == Usage()
    assert len(told) == 3


def test_tokens_are_estimated_where_nobody_counts():
    meter = Meter(50)
    meter.wrote("ignored before the answer began")
    assert meter.used == (0, 0)
    meter.answered = True
    assert meter.used == (50, 11)
    meter.read(object())
    assert meter.used == (50, 11)
    assert estimated_tokens("你好") == 3
    with pytest.raises(ZeroDivisionError), metered(JobLedger(None, DOLLAR), "m", 1, 1):
        raise ZeroDivisionError


async def test_the_provider_s_own_count_is_booked():
    with ChatServer() as server:
        translator = translator_at(server, attempts=4)
        ledger = JobLedger(None, Prices())
        lines = lines_of(*SENTENCES[:4])
        await translated(translator, lines, context=TranslationContext(ledger=ledger))
        assert server.calls[0].body["stream_options"] == {"include_usage": True}
        told = ledger.usage()
        assert (told.prompt_tokens, told.completion_tokens) == (
            server.prompt_tokens,
            server.completion_tokens,
        )
        server.tells_usage = False
        guessing = JobLedger(None, Prices())
        await translated(translator, lines, context=TranslationContext(ledger=guessing))
        identify = guessing.usage()
        assert 0.8 < identify.prompt_tokens / told.prompt_tokens < 2
        assert 0.8 < identify.completion_tokens / told.completion_tokens < 2
        server.script(b.status(503), b.cut("disconnect", 30))
        cut = JobLedger(None, Prices())
        await translated(translator, lines, context=TranslationContext(ledger=cut))
        assert cut.usage().requests == 2, "a refusal costs nothing, half an answer does"
        await translator.close()


async def test_a_job_that_would_cost_too_much_stops_ahead_of_the_request():
    with ChatServer() as server:
        translator = translator_at(server)
        ledger = JobLedger(5000.0, DOLLAR)
        lines = lines_of(*SENTENCES[:4])
        await translated(translator, lines, context=TranslationContext(ledger=ledger))
        for _ in range(20):
            try:
                await translated(translator, lines, context=TranslationContext(ledger=ledger))
            except TranslationBudgetError:
                break
        else:
            pytest.fail("the budget was never used up")
        calls = len(server.calls)
        assert (ledger.usage().cost_usd or 0) <= 5000
        with pytest.raises(TranslationBudgetError):
            await translated(translator, lines, context=TranslationContext(ledger=ledger))
        assert len(server.calls) == calls
        assert await translated(translator, lines) == right(lines), "other jobs go on"
        await translator.close()


async def test_a_budget_without_a_price_is_refused_at_boot():
    with ChatServer() as server:
        with pytest.raises(EngineLoadError, match="TRANSLATION_PRICE_INPUT_USD"):
            await translator_at(server, max_cost_usd=1.0).probe()
        await translator_at(server, max_cost_usd=1.0, server_model="gpt-4o").probe()
        with pytest.raises(EngineLoadError, match="price of other"):
            await translator_at(
                server, max_cost_usd=1.0, server_model="gpt-4o", fallback_model="other"
            ).probe()
        await translator_at(
            server,
            max_cost_usd=1.0,
            price_input_usd=1.0,
            price_output_usd=1.0,
            server_api_key=SecretStr("k"),
        ).probe()


def test_audio_is_booked_beside_the_translation_and_not_in_its_budget() -> None:
    told: list[tuple[object, ...]] = []
    ledgers = CallerLedgers(5.0, DOLLAR, lambda *paid: told.append(paid))
    ledger = ledgers.open("ann")
    ledger.spend_audio(AudioPrice("whisper-1", 0.25), 24.0)
    ledger.spend_audio(AudioPrice("own", None), 6.0)
    assert ledger.usage() == Usage(2, 0, 0, 6.0, 30.0)
    assert ledgers.total("ann") == Usage(2, 0, 0, 6.0, 30.0)
    assert told == [("whisper-1", 0, 0, 6.0), ("own", 0, 0, None)]
    ledger.afford("m", 1, 1)
    assert AudioPrice("groq", 0.5, least_billed_s=10).cost_usd(2) == 5.0
