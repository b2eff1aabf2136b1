"""Catalog of language models: their prices, their context windows."""

from __future__ import annotations

from dataclasses import dataclass

from app.settings import TranslationSettings

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens in and out."""

    input_usd: float
    output_usd: float

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        """Return what a request costs."""
        spent = prompt_tokens * self.input_usd + completion_tokens * self.output_usd
        return spent / _MILLION


FREE = Price(0.0, 0.0)

_LIST_PRICES: tuple[tuple[str, Price], ...] = (
    # https://openai.com/api/pricing
    ("gpt-5-nano", Price(0.05, 0.40)),
    ("gpt-5-mini", Price(0.25, 2.00)),
    ("gpt-5.4-mini", Price(0.75, 4.50)),
    ("gpt-5", Price(1.25, 10.00)),
    ("gpt-4.1-nano", Price(0.10, 0.40)),
    ("gpt-4.1-mini", Price(0.40, 1.60)),
    ("gpt-4.1", Price(2.00, 8.00)),
    ("gpt-4o-mini", Price(0.15, 0.60)),
    ("gpt-4o", Price(2.50, 10.00)),
    # https://claude.com/pricing
    ("claude-haiku-4-5", Price(1.00, 5.00)),
    ("claude-3-5-haiku", Price(0.80, 4.00)),
    ("claude-sonnet-4", Price(3.00, 15.00)),
    ("claude-3-7-sonnet", Price(3.00, 15.00)),
    ("claude-3-5-sonnet", Price(3.00, 15.00)),
    ("claude-opus-4-5", Price(5.00, 25.00)),
    ("claude-opus-4-1", Price(15.00, 75.00)),
    # https://ai.google.dev/gemini-api/docs/pricing
    ("gemini-2.5-flash-lite", Price(0.10, 0.40)),
    ("gemini-2.5-flash", Price(0.30, 2.50)),
    ("gemini-2.5-pro", Price(1.25, 10.00)),
    ("gemini-2.0-flash", Price(0.10, 0.40)),
    # https://mistral.ai/pricing; the highest that the name "latest" has had
    ("mistral-large", Price(2.00, 6.00)),
    ("mistral-medium", Price(0.40, 2.00)),
    ("mistral-small", Price(0.20, 0.60)),
    # https://api-docs.deepseek.com/quick_start/pricing, without the cache's discount
    ("deepseek-chat", Price(0.28, 0.42)),
    ("deepseek-reasoner", Price(0.28, 0.42)),
)
"""List prices by how a model's name begins, the first match counts.

Source: the vendors' pages above, as published until December 2025 (``gpt-5.4-mini``: 2026). They
change: ``TRANSLATION_PRICE_INPUT_USD`` and ``TRANSLATION_PRICE_OUTPUT_USD`` go before them.
"""


def list_price(model: str) -> Price | None:
    """Return a model's list price; None for an unknown model.

    A router's prefix, as in ``openai/gpt-4o``, does not matter; its suffix ``:free`` does.
    """
    name = model.lower()
    if name.endswith(":free"):
        return FREE
    name = name.rpartition("/")[2]
    return next((price for start, price in _LIST_PRICES if name.startswith(start)), None)


@dataclass(frozen=True, slots=True)
class Prices:
    """Prices that this server counts with.

    Attributes:
        fixed: price of every model by the settings; None for the list prices.
        free: names of models that run locally.
    """

    fixed: Price | None = None
    free: frozenset[str] = frozenset()

    @classmethod
    def from_settings(cls, settings: TranslationSettings, free: frozenset[str]) -> Prices:
        """Return the prices by the settings."""
        given = settings.price_input_usd, settings.price_output_usd
        if given[0] is None or given[1] is None:
            return cls(None, free)
        return cls(Price(given[0], given[1]), free)

    def of(self, model: str) -> Price | None:
        """Return a model's price; None for an unknown one."""
        if self.fixed is not None:
            return self.fixed
        return FREE if model in self.free else list_price(model)


_K = 1000
_DEFAULT_CONTEXT_TOKENS = 8192

_CONTEXT_TOKENS: tuple[tuple[str, int], ...] = (
    ("gpt-4o", 128 * _K),
    ("gpt-4-turbo", 128 * _K),
    ("gpt-4-32k", 32_768),
    ("gpt-4", 8192),
    ("gpt-3.5", 16_385),
    ("o1-mini", 128 * _K),
    ("o1-preview", 128 * _K),
    ("o1", 200 * _K),
    ("gemini-1.5-pro", 2000 * _K),
    ("gemini-1.0", 32 * _K),
    ("gemini", 1000 * _K),
    ("claude-2", 100 * _K),
    ("claude", 200 * _K),
    ("llama-3.1", 128 * _K),
    ("llama3.1", 128 * _K),
    ("llama-3.2", 128 * _K),
    ("llama3.2", 128 * _K),
    ("llama-3.3", 128 * _K),
    ("llama3.3", 128 * _K),
    ("llama-3", 8192),
    ("llama3", 8192),
    ("llama", 4096),
    ("mistral-large", 128 * _K),
    ("mistral", 32_768),
    ("mixtral", 32_768),
    ("qwen2", 131_072),
    ("qwen-2", 131_072),
    ("qwen", 32_768),
    ("deepseek-v2", 128 * _K),
    ("deepseek-v3", 128 * _K),
    ("deepseek", 64 * _K),
    ("command-r", 128 * _K),
    ("command", 4096),
)
"""Tokens by part of the name, the first match counts.

Source: the vendors' published context lengths, as the extension's upstream backend lists them.
"""


def context_tokens(model: str) -> int:
    """Return a model's context length in tokens; 8192 for an unknown model."""
    name = model.lower()
    return next(
        (tokens for part, tokens in _CONTEXT_TOKENS if part in name), _DEFAULT_CONTEXT_TOKENS
    )
