"""Sounds that every engine must be able to work on; see README.md for how they were made."""
