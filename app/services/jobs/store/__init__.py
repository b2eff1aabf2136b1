"""Stores of job records."""
