"""Storage of pictures in a Supabase bucket."""

from __future__ import annotations

from urllib.parse import quote

import httpx

from app.domain.errors import DatabaseUnreachableError, DocumentStoreError

BUCKET = "public_media"
_TIMEOUT_S = 60.0
_REASON_CHARS = 200


class PictureStorage:
    """Stores pictures over Supabase's storage interface.

    Args:
        url: of the project.
        key: its service role key.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url = f"{url.rstrip('/')}/storage/v1/object"
        self._http = httpx.AsyncClient(
            timeout=_TIMEOUT_S,
            trust_env=False,
            headers={"apikey": key, "Authorization": f"Bearer {key}", "x-upsert": "true"},
        )

    async def put(self, path: str, jpeg: bytes) -> None:
        """Store a picture in place of an earlier one.

        Raises:
            DocumentStoreError: the storage does not answer, or refuses.
        """
        url = f"{self._url}/{BUCKET}/{quote(path)}"
        try:
            answer = await self._http.post(
                url, content=jpeg, headers={"Content-Type": "image/jpeg"}
            )
        except httpx.HTTPError as error:
            raise DatabaseUnreachableError(
                f"The storage cannot be reached: {type(error).__name__}"
            ) from None
        if not answer.is_success:
            reason = " ".join(answer.text.split())[:_REASON_CHARS]
            raise DocumentStoreError(f"The storage refused: {answer.status_code} {reason}")

    def public_url(self, path: str) -> str:
        """Return the address under which everybody may see a picture of the public bucket."""
        return f"{self._url}/public/{BUCKET}/{quote(path)}"

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()
