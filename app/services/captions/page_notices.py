"""What a reader of a page's captions has to know of the page itself."""

from __future__ import annotations

from app.domain.events import Notice
from app.domain.media import MediaInfo


def page_notices(info: MediaInfo) -> tuple[Notice, ...]:
    """Return the notices of a page; most have none."""
    if not info.tracks_left_out:
        return ()
    text = (
        f"The page offers {info.tracks_left_out} caption tracks beyond the first ones, which "
        "were not looked at"
    )
    return (Notice("caption_tracks_left_out", text),)
