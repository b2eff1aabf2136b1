"""Webhooks: whose are sent, and whose are kept, where one caller has many."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from app.domain.errors import JobNotFoundError
from app.settings import QueueSettings, Settings, SourceSettings
from app.submission.queue.webhook_deliveries import DeliveryFolder, WebhookDelivery, new_delivery
from app.submission.queue.webhooks import Webhooks

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def delivery(number: int, owner: str, body: str = "{}") -> WebhookDelivery:
    made = new_delivery(f"{number:032x}", "http://receiver.example/", owner, body)
    made.created = float(number)
    return made


def kept(box: DeliveryFolder) -> list[tuple[str, int]]:
    return [(each.owner, int(each.created)) for each in box.all()]


def test_the_deliveries_of_whoever_has_most_go_first(tmp_path: Path) -> None:
    box = DeliveryFolder(tmp_path / "deliveries", most_deliveries=5)
    box.add(delivery(0, "quiet"))
    many = [delivery(n, "many") for n in range(1, 5)]
    for each in many:
        box.add(each)
    many[1].given_up = True
    box.update(many[1])
    box.add(delivery(5, "other"))
    assert kept(box) == [("quiet", 0), ("many", 1), ("many", 3), ("many", 4), ("other", 5)]
    box.add(delivery(6, "other"))
    assert kept(box)[:3] == [("quiet", 0), ("many", 3), ("many", 4)]


def test_the_heaviest_deliveries_go_first(tmp_path: Path) -> None:
    box = DeliveryFolder(tmp_path / "deliveries", most_bytes=2000)
    for number, size in enumerate((1, 1, 1)):
        box.add(delivery(number, "quiet", "x" * size))
    box.add(delivery(3, "heavy", "x" * 3000))
    box.add(delivery(4, "heavy", "x" * 10))
    assert kept(box) == [("quiet", 0), ("quiet", 1), ("quiet", 2), ("heavy", 4)]


def test_a_body_is_on_disk_alone_and_earlier_deliveries_are_read(tmp_path: Path) -> None:
    box = DeliveryFolder(tmp_path)
    body = json.dumps({"text": "caf\u00e9\n\u2028"}, ensure_ascii=False)
    new = delivery(1, "a", body)
    box.add(new)
    new.given_up = True
    box.update(new)
    old = {"id": f"{2:032x}", "url": "http://x", "owner": "a", "body": body, "created": 2.0}
    (tmp_path / f"{2:032x}.json").write_text(json.dumps(old), encoding="utf-8")
    assert [(each.body, each.given_up) for each in box.all()] == [("", True), ("", False)]
    assert [box.body(each.id) for each in box.all()] == [body, body]
    box.remove(new.id)
    box.update(new)
    with pytest.raises(JobNotFoundError):
        box.read(new.id)


class Deaf:
    """A webhook's server that takes connections and answers once it is told to."""

    def __init__(self) -> None:
        self.open = self.most = self.count = 0
        self.expected = 40
        self.came, self.go, self.all_came = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.count += 1
        if self.count == self.expected:
            self.all_came.set()
        self.most = max(self.most, self.open)
        self.came.set()
        await reader.readuntil(b"\r\n\r\n")
        await self.go.wait()
        self.open -= 1
        writer.write(_ANSWER)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def served(receiver: Deaf) -> AsyncIterator[str]:
    async with await asyncio.start_server(receiver.serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        receiver.go.set()


async def test_a_server_that_never_answers_holds_up_nobody_elses_webhooks(tmp_path: Path) -> None:
    settings = Settings(
        queue=QueueSettings(webhook_timeout_s=60), sources=SourceSettings(allow_private_urls=True)
    )
    webhooks = Webhooks(settings, tmp_path)
    deaf, prompt = Deaf(), Deaf()
    prompt.go.set()
    async with served(deaf) as slow, served(prompt) as quick:
        for number in range(deaf.expected):
            webhooks.send(slow, "address 1", json.dumps({"number": number}), {})
        await asyncio.wait_for(deaf.came.wait(), 30)
        webhooks.send(quick, "address 2", "{}", {"X-Own": "1"})
        await asyncio.wait_for(prompt.came.wait(), 30)
        assert deaf.most <= 4
        deaf.go.set()
        await asyncio.wait_for(deaf.all_came.wait(), 60)
        await webhooks.close()
