"""Settings of vendors of language models under their own variables."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, SecretStr

from app.settings.group import Group, config

ChatName = Literal[
    "openai",
    "openrouter",
    "deepseek",
    "mistral",
    "google",
    "anthropic",
    "ollama",
    "lmstudio",
    "llamacpp",
    "openai_compatible",
]
"""Vendors of language models; all speak OpenAI's chat-completions protocol."""


class VendorSettings(Group):
    """Vendors of language models, by their own variables."""

    openai_api_key: SecretStr | None = None
    """Key for OpenAI."""
    openai_model: str = "gpt-4o-mini"
    """Model at OpenAI."""
    openai_concurrent_requests: int = Field(8, ge=1)
    """Requests to OpenAI, or to an `openai_compatible` server, at a time."""
    anthropic_api_key: SecretStr | None = None
    """Key for Anthropic."""
    anthropic_model: str = "claude-haiku-4-5"
    """Model at Anthropic."""
    anthropic_concurrent_requests: int = Field(2, ge=1)
    """Requests to Anthropic at a time."""
    google_api_key: SecretStr | None = None
    """Key for Google's Gemini API."""
    google_model: str = "gemini-2.5-flash"
    """Model at Google."""
    google_concurrent_requests: int = Field(5, ge=1)
    """Requests to Google at a time."""
    mistral_api_key: SecretStr | None = None
    """Key for Mistral."""
    mistral_model: str = "mistral-large-latest"
    """Model at Mistral."""
    mistral_concurrent_requests: int = Field(2, ge=1)
    """Requests to Mistral at a time."""
    openrouter_api_key: SecretStr | None = None
    """Key for OpenRouter."""
    openrouter_model: str = "google/gemini-2.5-flash"
    """Model at OpenRouter."""
    openrouter_concurrent_requests: int = Field(5, ge=1)
    """Requests to OpenRouter at a time."""
    deepseek_api_key: SecretStr | None = None
    """Key for DeepSeek."""
    deepseek_model: str = "deepseek-chat"
    """Model at DeepSeek."""
    deepseek_concurrent_requests: int = Field(2, ge=1)
    """Requests to DeepSeek at a time."""
    ollama_base_url: str = "http://localhost:11434"
    """Address of Ollama, with or without `/v1`."""
    ollama_model: str = "llama3.3"
    """Model in Ollama."""
    ollama_concurrent_requests: int = Field(8, ge=1)
    """Requests to Ollama, LM Studio or llama.cpp at a time at most. It begins with one and adds
    more while the server answers them side by side and not one after the other."""

    model_config = config()
