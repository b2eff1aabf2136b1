"""Readers of caption files, one module for each format."""
