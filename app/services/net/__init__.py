"""Outgoing connections: the SSRF guard, fetching, proxies."""
