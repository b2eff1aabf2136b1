"""ID3 tags, which writers put ahead of any kind of sound. Source: ID3v2.4 section 3.1."""

from __future__ import annotations


def tag_bytes(head: bytes) -> int:
    """Return the length of the tag that a head begins with; 0 where it begins with none.

    Args:
        head: its first 10 bytes at least.
    """
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + sum((byte & 0x7F) << 7 * (3 - i) for i, byte in enumerate(head[6:10]))


def without_tags(head: bytes) -> bytes:
    """Return what follows the tags of a head; empty where they reach beyond it."""
    at = 0
    while length := tag_bytes(head[at : at + 10]):
        at += length
    return head[at:]
