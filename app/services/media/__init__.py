"""Media files and streams: decoding, probing, integrity."""
