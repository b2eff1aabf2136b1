"""Captions that exist already: chosen, read from every format, cleaned."""
