"""Uploads that come in parts and can be resumed; all that is known of them lies on disk."""
