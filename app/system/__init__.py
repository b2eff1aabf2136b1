"""Processes, temporary folders, locks, asynchronous iterators."""
