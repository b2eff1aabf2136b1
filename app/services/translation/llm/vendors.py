"""Vendors of language models that speak OpenAI's chat-completions protocol, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Vendor:
    """How one vendor differs from the others.

    Attributes:
        name: value of ``TRANSLATION_PROVIDER``.
        base_url: of its chat completions; empty where the settings must name it.
        own: prefix of the vendor's own settings: ``OPENAI_API_KEY``, ``OPENAI_MODEL``.
        needs_key: whether it refuses requests without a key.
        takes_schema: whether it supports ``response_format: json_schema``.
        takes_object: whether it supports ``response_format: json_object``.
        takes_usage: whether it supports ``stream_options.include_usage``.
        limit_name: field of the token limit of an answer; None to send none.
        local: whether it runs locally, where tokens cost nothing and few requests at a time pay.
        answers_probes: whether one machine answers all requests, so that its list of models shows
            that it works.
    """

    name: str
    base_url: str
    own: str
    needs_key: bool = True
    takes_schema: bool = True
    takes_object: bool = True
    takes_usage: bool = True
    limit_name: str | None = "max_tokens"
    local: bool = False
    answers_probes: bool = False


_TABLE = (
    # https://platform.openai.com/docs/api-reference/chat: max_tokens is deprecated there and
    # refused by reasoning models.
    Vendor("openai", "https://api.openai.com/v1", "openai", limit_name="max_completion_tokens"),
    # https://openrouter.ai/docs/api-reference/overview
    Vendor("openrouter", "https://openrouter.ai/api/v1", "openrouter"),
    # https://api-docs.deepseek.com/guides/json_mode: objects, no schema.
    Vendor("deepseek", "https://api.deepseek.com/v1", "deepseek", takes_schema=False),
    # https://docs.mistral.ai/api: refuses fields that it does not know, stream_options and
    # max_completion_tokens among them; a streamed answer ends with its usage unasked.
    Vendor("mistral", "https://api.mistral.ai/v1", "mistral", takes_usage=False),
    # https://ai.google.dev/gemini-api/docs/openai
    Vendor("google", "https://generativelanguage.googleapis.com/v1beta/openai", "google"),
    # https://platform.claude.com/docs/en/api/openai-sdk: response_format is ignored, so nothing
    # enforces a schema; the rest is supported.
    Vendor("anthropic", "https://api.anthropic.com/v1", "anthropic", takes_schema=False),
    # https://github.com/ollama/ollama/blob/main/docs/openai.md
    Vendor("ollama", "", "ollama", needs_key=False, local=True, answers_probes=True),
    # https://lmstudio.ai/docs/app/api/structured-output: refuses json_object.
    Vendor(
        "lmstudio",
        "http://localhost:1234/v1",
        "ollama",
        needs_key=False,
        takes_object=False,
        local=True,
        answers_probes=True,
    ),
    # https://github.com/ggml-org/llama.cpp/tree/master/tools/server
    Vendor(
        "llamacpp",
        "http://localhost:8080/v1",
        "ollama",
        needs_key=False,
        local=True,
        answers_probes=True,
    ),
    # vLLM, a gateway: nothing is known, so nothing is sent that some refuse.
    Vendor(
        "openai_compatible", "", "openai", needs_key=False, limit_name=None, answers_probes=True
    ),
)

VENDORS: Mapping[str, Vendor] = MappingProxyType({vendor.name: vendor for vendor in _TABLE})
"""Vendors by name. The flags are the initial ones: what a server refuses is left out later on."""
