"""Translators and the protocol that they share."""
