"""Measures Cuestream on the machine that it runs on: ``python -m bench``."""
