"""A real S3 server on loopback, moto's, in a process of its own; it checks keys when asked to."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import httpx
from botocore.config import Config

from tests.server import ROOT, free_port

BUCKET = "captions"
_START_S = 60.0
_ANY = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [_ANY]})


@dataclass
class S3Server:
    """The server's address and the keys that it accepts.

    Attributes:
        url: of path-style requests.
        access_key: id of the one key that it knows.
        secret_key: of the same.
    """

    url: str
    access_key: str = "AKIAFIRSTACCESSKEY00"
    secret_key: str = field(default="first/secret+key", repr=False)

    def client(self, service: str = "s3") -> Any:
        """Return a client of another library than the product's."""
        return boto3.client(
            service,
            endpoint_url=self.url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name="us-east-1",
            config=Config(s3={"addressing_style": "path"}),
        )

    def listed(self) -> list[str]:
        """Return the keys of all objects."""
        listed = self.client().list_objects_v2(Bucket=BUCKET)
        return [each["Key"] for each in listed.get("Contents", ())]

    @contextmanager
    def checking_keys(self) -> Iterator[None]:
        """Refuse wrong keys and signatures; signed links are not understood meanwhile."""
        self._unchecked_requests(b"0")
        try:
            yield
        finally:
            self._unchecked_requests(b"inf")

    def _unchecked_requests(self, number: bytes) -> None:
        httpx.post(f"{self.url}/moto-api/reset-auth", content=number).raise_for_status()

    def config(self, **changes: Any) -> dict[str, str]:
        """Return the store as RunPod's ``s3Config`` names it."""
        return {
            "accessId": self.access_key,
            "accessSecret": self.secret_key,
            "bucketName": BUCKET,
            "endpointUrl": self.url,
            **changes,
        }


@contextmanager
def s3_server() -> Iterator[S3Server]:
    """Run a server with one bucket and one key."""
    port = free_port()
    command = ["setpriv", "--pdeathsig", "TERM", "--", sys.executable, "-c", _MAIN, str(port)]
    env = {**os.environ, "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(2**26)}
    with subprocess.Popen(command, cwd=ROOT, env=env) as process:
        try:
            yield _prepare(S3Server(f"http://127.0.0.1:{port}"))
        finally:
            process.terminate()


_MAIN = """
import logging, sys
from werkzeug.serving import run_simple
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
logging.getLogger("werkzeug").setLevel(logging.ERROR)
application = DomainDispatcherApplication(create_backend_app)
run_simple("127.0.0.1", int(sys.argv[1]), application, threaded=True)
"""


def _prepare(server: S3Server) -> S3Server:
    """Make a bucket and a key."""
    _wait_until_up(server.url)
    server.client().create_bucket(Bucket=BUCKET)
    iam = server.client("iam")
    iam.create_user(UserName="cuestream")
    iam.put_user_policy(UserName="cuestream", PolicyName="any", PolicyDocument=_POLICY)
    key = iam.create_access_key(UserName="cuestream")["AccessKey"]
    server.access_key, server.secret_key = key["AccessKeyId"], key["SecretAccessKey"]
    return server


def _wait_until_up(url: str) -> None:
    deadline_s = time.monotonic() + _START_S
    while True:
        try:
            httpx.get(f"{url}/moto-api/", timeout=5)
        except httpx.HTTPError:
            if time.monotonic() > deadline_s:
                raise
            time.sleep(0.05)
        else:
            return
