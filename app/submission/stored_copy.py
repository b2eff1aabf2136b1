"""Copy of a stored file that a client names by its link."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from app.container import Services
from app.domain.errors import FileNotStoredError
from app.system.thread_groups import DISK
from app.system.workdir import second_name, storage_errors


async def stored_copy(services: Services, link: str) -> Path:
    """Return a copy of a stored file that a link of this server leads to; its caller removes it.

    Args:
        services: of the process.
        link: as an answer of this server had it.

    Raises:
        FileNotStoredError: it is no such link, or the file was removed.
        LinkInvalidError, LinkExpiredError: its signature is wrong or too old.
        StorageError: the disk is full.
    """
    parts = urlsplit(link)
    name = parts.path.rpartition("/files/")[2]
    query = parse_qs(parts.query, max_num_fields=10)
    if not name or "/files/" not in parts.path:
        raise FileNotStoredError("Local file not found: send the link that this server gave")
    expires, signature = (query.get(key, [""])[0] for key in ("expires", "signature"))
    found = await services.files.folder.open(unquote(name), expires, signature)
    path = services.workdir.new_file(".media")
    try:
        with storage_errors():
            await DISK.run(second_name, found.path, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path
