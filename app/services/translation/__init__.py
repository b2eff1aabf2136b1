"""Translators with their common protocol."""
