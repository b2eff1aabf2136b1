"""Checks of translators' answers: line by line, across lines."""
