"""How much text a language model reads at once, by its name."""

from __future__ import annotations

_K = 1000
_DEFAULT = 8192

_TABLE: tuple[tuple[str, int], ...] = (
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
    """Return the context length in tokens; 8192 for a model that we do not know."""
    name = model.lower()
    return next((tokens for part, tokens in _TABLE if part in name), _DEFAULT)
