"""Where an S3-compatible store is, and the keys to it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from app.domain.errors import InvalidFieldError, UrlBlockedError
from app.settings import FileSettings

_DEFAULT_REGION = "us-east-1"
_REGION = re.compile(
    r"(?:^|\.)(?:s3[.-](?P<s3>[a-z]{2,10}-[a-z0-9-]{2,20})"
    r"|(?P<spaces>[a-z]{3}[0-9])\.digitaloceanspaces)\."
)
"""Region in a host: of AWS, Backblaze, Wasabi and OVH, and of DigitalOcean. Source: their lists of
endpoints."""

_HOST_CHARS = 255

_KEY = re.compile(r"[!-~]{1,256}")
_BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_REGION_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")
_ENDPOINT = re.compile(r"https?://[A-Za-z0-9.:@\[\]_-]{1,300}(?:/[A-Za-z0-9/._~-]{0,200})?", re.I)
_PREFIX_CHARS = 500
"""Forms of the parts. Source: Amazon S3's rules for buckets; other stores are more lenient, so
capitals, underscores and short names pass."""


@dataclass(frozen=True, slots=True)
class S3Config:
    """An S3-compatible store.

    Attributes:
        access_key: id of the key.
        secret_key: the key; it is never shown.
        bucket: for the files.
        endpoint_url: http or https address; None for that of AWS in the region.
        region: None for the one that the address names.
        prefix: beginning of the keys of files; empty for none.
    """

    access_key: SecretStr
    secret_key: SecretStr
    bucket: str
    endpoint_url: str | None = None
    region: str | None = None
    prefix: str = ""

    def __post_init__(self) -> None:
        """Check what goes into requests: the client library stops its thread at other characters.

        Raises:
            InvalidFieldError: a key, the bucket, the region or the prefix has another form.
            UrlBlockedError: the address has.
        """
        for name, value, form in (
            ("access key", self.access_key.get_secret_value(), _KEY),
            ("secret key", self.secret_key.get_secret_value(), _KEY),
            ("bucket", self.bucket, _BUCKET),
            ("region", self.region or _DEFAULT_REGION, _REGION_NAME),
        ):
            if not form.fullmatch(value):
                raise InvalidFieldError(f"s3Config: not the form of a {name}")
        if len(self.prefix) > _PREFIX_CHARS or ".." in self.prefix.split("/"):
            raise InvalidFieldError("s3Config: not the form of a prefix")
        if self.endpoint_url is not None and not _ENDPOINT.fullmatch(self.endpoint_url):
            raise UrlBlockedError("s3Config: the endpoint must be an http or https address")

    @classmethod
    def of(cls, access_key: str, secret_key: str, bucket: str, **rest: str) -> S3Config:
        """Return a store whose keys are plain text so far."""
        return cls(SecretStr(access_key), SecretStr(secret_key), bucket, **rest)

    def to_json(self) -> str:
        """Return the store as JSON text with its keys, which are secret."""
        keys = {
            "access_key": self.access_key.get_secret_value(),
            "secret_key": self.secret_key.get_secret_value(),
        }
        rest = {"bucket": self.bucket, "endpoint_url": self.endpoint_url, "region": self.region}
        return json.dumps({**keys, **rest, "prefix": self.prefix})

    @classmethod
    def of_json(cls, text: str) -> S3Config:
        """Return the store that `to_json` wrote."""
        return cls.of(**json.loads(text))

    @property
    def signing_region(self) -> str:
        """Region that requests are signed for."""
        found = _REGION.search(self._host)
        named = (found["s3"] or found["spaces"]) if found else None
        return self.region or named or _DEFAULT_REGION

    @property
    def names_bucket_in_host(self) -> bool:
        """Whether the address begins with the bucket, as in ``bucket.s3.region.example``."""
        return self._host.startswith(f"{self.bucket.lower()}.")

    @property
    def _host(self) -> str:
        return (urlsplit(self.endpoint_url or "").hostname or "")[:_HOST_CHARS]


def configured_store(settings: FileSettings) -> S3Config | None:
    """Return the store that the settings name; None where they name none."""
    keys = (settings.s3_access_key, settings.s3_secret_key)
    if keys[0] is None or keys[1] is None or not settings.s3_bucket_name:
        return None
    return S3Config(
        access_key=keys[0],
        secret_key=keys[1],
        bucket=settings.s3_bucket_name,
        endpoint_url=settings.s3_endpoint_url,
        region=settings.s3_region,
        prefix=settings.s3_prefix,
    )
