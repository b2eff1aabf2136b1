"""What is asked of a playlist, and what the child process reports of it, as plain values."""

from __future__ import annotations

from typing import TypedDict

MOST_ENTRIES = 5000
"""Entries of a playlist that are looked at. A site lists some hundred on each page, and each page
is a request, so this many take about a minute."""


class PlaylistWish(TypedDict):
    """Which entries of a playlist are wanted.

    Attributes:
        items: places in the list as yt-dlp writes them, ``1:3,7``; None for all.
        dateafter: earliest day, ``20240131`` or ``today-1week``; None for any.
        datebefore: latest day, as above.
        max_items: most videos; None for as many as are looked at.
    """

    items: str | None
    dateafter: str | None
    datebefore: str | None
    max_items: int | None


class ListedVideo(TypedDict):
    """An entry of a playlist.

    Attributes:
        index: its place, from 1.
        url: its page, or its media where it has no page.
        id: by its site; empty when unknown.
        title: empty when unknown.
        duration_s: None when unknown.
        upload_date: ``2024-01-31``; None when the list has none.
        views: None when unknown.
        description: its beginning; empty when unknown.
    """

    index: int
    url: str
    id: str
    title: str
    duration_s: float | None
    upload_date: str | None
    views: int | None
    description: str


class FoundPlaylist(TypedDict):
    """A playlist, or a single video in its place.

    Attributes:
        title: empty when unknown.
        url: its page; empty when unknown.
        channel, channel_id, channel_url: whose it is; empty when unknown.
        single: whether the page is that of a video.
        total_count: entries before any choice; None where the site does not say and not all were
            looked at.
        videos: that were asked for.
        cut: whether there are more entries than are looked at.
        undated: how many of the videos were to be chosen by a day that the list does not have.
        approximate_dates: whether days are the site's "3 weeks ago", counted back from today.
    """

    title: str
    url: str
    channel: str
    channel_id: str
    channel_url: str
    single: bool
    total_count: int | None
    videos: list[ListedVideo]
    cut: bool
    undated: int
    approximate_dates: bool
