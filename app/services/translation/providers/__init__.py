"""Translators that are no language models."""
