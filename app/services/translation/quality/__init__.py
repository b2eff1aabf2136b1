"""Checks of what a translator answers: line by line, and across lines."""
