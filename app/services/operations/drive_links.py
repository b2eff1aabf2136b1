"""Links to files on Google Drive."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlencode, urlsplit

_HOSTS = frozenset({"drive.google.com", "docs.google.com", "drive.usercontent.google.com"})
_FILE = re.compile(r"/file/(?:u/[0-9]{1,3}/)?d/([A-Za-z0-9_-]{10,200})(?:/.{0,200})?")
_ID = re.compile(r"[A-Za-z0-9_-]{10,200}")


def download_address(url: str) -> str:
    """Return the address of a shared file's bytes; any other address as it is.

    The page that asks whether a file too large for the virus scan shall be downloaded is answered
    ahead (``confirm``). Source: the form of that page.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.hostname not in _HOSTS:
        return url
    query = parse_qs(parts.query)
    found = _FILE.fullmatch(parts.path)
    file_id = found[1] if found else query.get("id", [""])[0]
    if not _ID.fullmatch(file_id):
        return url
    wanted = {"id": file_id, "export": "download", "confirm": "t"}
    if key := query.get("resourcekey", [""])[0]:
        wanted["resourcekey"] = key
    return f"https://drive.usercontent.google.com/download?{urlencode(wanted)}"
