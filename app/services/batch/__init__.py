"""Batch jobs: documents of a database, handed out by its message queues."""
