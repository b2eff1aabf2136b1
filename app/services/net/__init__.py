"""Outgoing connections to untrusted addresses."""
