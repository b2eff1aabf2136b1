"""The job API: what RunPod's queue does with a job, on this server."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.server import DEAF, ServerProcess
from tests.webhook_receiver import Receiver

APP = "tests.queue_app:application()"
SECRET = "whsec_" + base64.b64encode(b"a key of the tests").decode()
QUICK = {"WEBHOOK_FIRST_WAIT_S": "0.05", "WEBHOOK_ATTEMPTS": "3", "WEBHOOK_SECRET": SECRET}
SRT = (
    "1\n00:00:01,000 --> 00:00:03,000\nGood morning.\n\n2\n00:00:04,000 --> 00:00:06,000\nThe end."
)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    yield found
    found.server.shutdown()


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = {**DEAF, **QUICK, "ALLOW_PRIVATE_URLS": "true", "MAX_JOBS": "2"}
    settings |= {"MAX_JOBS_PER_CALLER": "2", "QUEUE_SYNC_RETENTION_S": "0.2"}
    server = ServerProcess(tmp_path_factory.mktemp("queue"), settings, APP)
    server.wait_ready()
    with server.client() as client:
        client.base_url = httpx.URL(f"{server.url}/v2/ep")
        yield client
    server.stop()


def ended(api: httpx.Client, job_id: str, limit_s: float = 60) -> dict[str, Any]:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        told: dict[str, Any] = api.get(f"/status/{job_id}").json()
        if told["status"] not in {"IN_QUEUE", "IN_PROGRESS"}:
            return told
        time.sleep(0.05)
    raise AssertionError("the job never ended")


def until(condition: Callable[[], bool], limit_s: float = 30) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.03)


def handed_in(api: httpx.Client, **fields: Any) -> str:
    options = {k: fields.pop(k) for k in ("webhook", "policy") if k in fields}
    answer = api.post("/run", json={"input": fields, **options})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["status"] in {"IN_QUEUE", "IN_PROGRESS"}
    return str(told["id"])


def test_a_job_is_handed_in_and_its_output_read(api: httpx.Client) -> None:
    told = ended(api, handed_in(api, parts=[{"n": 1}, {"n": 2}]))
    assert told["output"] == [{"n": 1}, {"n": 2}]
    assert (told["status"], type(told["delayTime"]), type(told["executionTime"])) == (
        "COMPLETED",
        int,
        int,
    )


def test_subtitles_put_together_are_the_answer_of_process(api: httpx.Client) -> None:
    told = ended(api, handed_in(api, captions=SRT, captions_lang="en", formats="srt"))
    merged: dict[str, Any] = {}
    for part in told["output"]:
        merged = {**merged, **part, "subtitles": merged.get("subtitles", []) + part["subtitles"]}
    direct = api.post(
        str(api.base_url.copy_with(path="/api/process")),
        json={"input": {"captions": SRT, "captions_lang": "en", "formats": "srt"}},
    ).json()
    assert merged.keys() == direct.keys()
    assert merged["subtitles"] == direct["subtitles"]
    assert merged["formats"] == direct["formats"]


def test_runpod_40_one_request_has_one_payload_by_every_door(api: httpx.Client) -> None:
    process = str(api.base_url.copy_with(path="/api/process"))
    for fields in ({"path": "/api/version", "method": "get"}, {"answer": {"text": "hello"}}):
        queued = ended(api, handed_in(api, **fields))["output"]
        synced = api.post("/runsync", json={"input": fields}).json()["output"]
        bare = api.post(process, json=fields).json()
        wrapped = api.post(process, json={"input": fields}).json()
        for other in (synced, bare, wrapped):
            assert other.keys() == queued.keys()
            assert other.get("body") == queued.get("body")
            assert other.get("text") == queued.get("text")


def test_a_stream_hands_out_each_part_once_and_answers_after_the_end(
    api: httpx.Client, tmp_path: Path
) -> None:
    job_id = handed_in(api, parts=["one", f"wait {tmp_path}/go", "two"])
    seen: list[Any] = []
    while len(seen) < 1:
        told = api.get(f"/stream/{job_id}").json()
        seen += told["stream"]
    assert (told["status"], seen) == ("IN_PROGRESS", [{"output": "one"}])
    assert api.get(f"/stream/{job_id}").json()["stream"] == []
    (tmp_path / "go").touch()
    while told["status"] == "IN_PROGRESS":
        told = api.get(f"/stream/{job_id}").json()
        seen += told["stream"]
    assert seen == [{"output": "one"}, {"output": "two"}]
    assert api.get(f"/stream/{job_id}").json() | {"executionTime": 0, "delayTime": 0} == {
        "id": job_id,
        "status": "COMPLETED",
        "stream": [],
        "executionTime": 0,
        "delayTime": 0,
    }
    assert ended(api, job_id)["output"] == ["one", "two"]


def test_runsync_answers_how_a_job_stands_once_the_wait_is_over(
    api: httpx.Client, tmp_path: Path
) -> None:
    body = {"input": {"answer": "late", "until": f"{tmp_path}/go"}}
    told = api.post("/runsync", params={"wait": 1000}, json=body).json()
    assert told["status"] == "IN_PROGRESS"
    assert "output" not in told
    (tmp_path / "go").touch()
    told = api.get(f"/status-sync/{told['id']}", params={"wait": 90_000}).json()
    assert (told["status"], told["output"]) == ("COMPLETED", "late")
    # A result of runsync goes after a moment; until then it can be read.
    until(lambda: api.get(f"/status/{told['id']}").status_code == 404)


def test_a_queued_job_that_is_cancelled_or_purged_never_starts(
    api: httpx.Client, tmp_path: Path
) -> None:
    go = f"{tmp_path}/go"
    running = [handed_in(api, answer=n, until=go) for n in range(2)]
    first, second, third = (handed_in(api, answer=n) for n in range(3))
    elsewhere = api.post(
        str(api.base_url.copy_with(path="/v2/other/run")),
        json={"input": {"answer": "other endpoint"}},
    ).json()["id"]
    assert api.get("/health").json()["jobs"]["inQueue"] == 4
    assert api.post(f"/cancel/{first}").json() == {"id": first, "status": "CANCELLED"}
    assert api.post("/purge-queue").json() == {"removed": 2, "status": "completed"}
    for job_id in (first, second, third):
        told = ended(api, job_id)
        assert told == {"id": job_id, "status": "CANCELLED"}, "it has no time of a start"
    Path(go).touch()
    assert [ended(api, job_id)["output"] for job_id in running] == [0, 1]
    assert ended(api, elsewhere)["output"] == "other endpoint"


def test_a_running_job_that_is_cancelled_stops_and_frees_its_place(
    api: httpx.Client, tmp_path: Path
) -> None:
    never = f"{tmp_path}/never"
    running = [handed_in(api, answer=n, until=never) for n in range(2)]
    waiting = handed_in(api, answer="next")
    for job_id in running:
        assert api.post(f"/cancel/{job_id}").json()["status"] == "CANCELLED"
    assert ended(api, waiting)["output"] == "next"
    assert api.get("/health").json()["jobs"]["inProgress"] == 0


def test_two_equal_jobs_are_two_jobs(api: httpx.Client, tmp_path: Path) -> None:
    go = f"{tmp_path}/go"
    fields = {"parts": ["x", f"wait {go}"]}
    first, second = handed_in(api, **fields), handed_in(api, **fields)
    assert first != second
    api.post(f"/cancel/{first}")
    Path(go).touch()
    assert ended(api, second)["status"] == "COMPLETED"
    assert ended(api, first)["status"] == "CANCELLED"


def test_only_a_failed_job_is_retried_under_its_id(api: httpx.Client, tmp_path: Path) -> None:
    job_id = handed_in(api, answer="x", error="It broke")
    told = ended(api, job_id)
    assert (told["status"], told["error"], told["code"]) == ("FAILED", "It broke", "media_error")
    assert api.post(f"/retry/{job_id}").json()["id"] == job_id
    assert ended(api, job_id)["status"] == "FAILED"
    fine = handed_in(api, answer="x")
    ended(api, fine)
    assert api.post(f"/retry/{fine}").status_code == 400
    assert api.post("/retry/nobody").status_code == 404


@pytest.mark.parametrize(
    ("value", "output"),
    [
        ("nan", None),
        ("array", {"scores": [0.5, None], "count": 3}),
        (True, True),
        ([], []),
        ("text", "text"),
    ],
)
def test_runpod_30_every_output_is_json(api: httpx.Client, value: Any, output: Any) -> None:
    told = ended(api, handed_in(api, answer=value))
    assert told["status"] == "COMPLETED"
    assert told.get("output") == output


@pytest.mark.parametrize("value", ["bytes", "defect"])
def test_runpod_21_a_defect_has_a_code_and_an_id_and_no_traceback(
    api: httpx.Client, value: str
) -> None:
    told = ended(api, handed_in(api, answer=value))
    assert (told["status"], told["code"]) == ("FAILED", "internal")
    assert "id " in told["error"]
    assert "secret" not in json.dumps(told)
    assert "raw" not in json.dumps(told)


def test_runpod_20_an_error_in_an_output_is_the_jobs_error(api: httpx.Client) -> None:
    told = ended(api, handed_in(api, answer={"ok": False, "error": {"why": "x" * 5000}}))
    assert told["status"] == "FAILED"
    assert told["output"] == {"ok": False}
    assert isinstance(told["error"], str)
    assert len(told["error"]) < 2100
    told = ended(api, handed_in(api, answer={"ok": True, "error": None, "refresh_worker": True}))
    assert (told["status"], told["output"]) == ("COMPLETED", {"ok": True})


def test_runpod_29_an_output_over_the_limit_is_stored(api: httpx.Client) -> None:
    told = ended(api, handed_in(api, answer=f"large {21 * 2**20}"))
    assert told["status"] == "COMPLETED"
    assert told["output"]["stored_output"]["size_bytes"] > 21 * 2**20


def test_a_job_whose_time_is_over_is_timed_out_wherever_it_stands(
    api: httpx.Client, receiver: Receiver, tmp_path: Path
) -> None:
    """Nobody asks for them meanwhile, and the webhook of each is told once."""
    never, hook = f"{tmp_path}/never", receiver.url
    long = handed_in(api, answer=1, until=never, policy={"executionTimeout": 5000}, webhook=hook)
    running = handed_in(api, answer=2, until=never, policy={"ttl": 10_500}, webhook=hook)
    blocking = handed_in(api, answer=3, until=never)
    waiting = handed_in(api, answer=4, policy={"ttl": 10_000}, webhook=hook)
    until(lambda: len(receiver.calls) == 3)
    assert ended(api, waiting)["status"] == "TIMED_OUT"
    api.post(f"/cancel/{blocking}")
    told = {each["id"]: each for each in (json.loads(body) for _, body in receiver.calls)}
    assert {job_id: each["code"] for job_id, each in told.items()} == {
        long: "execution_timeout",
        running: "job_expired",
        waiting: "job_expired",
    }
    for job_id, each in told.items():
        assert each["status"] == "TIMED_OUT"
        assert ended(api, job_id) == each
    assert "delayTime" not in told[waiting], "it never began"
    assert api.post(f"/retry/{waiting}").json() == {"id": waiting, "status": "IN_QUEUE"}
    assert ended(api, waiting)["output"] == 4
    until(lambda: len(receiver.calls) == 4)


def test_a_policy_beyond_its_bounds_is_refused(api: httpx.Client) -> None:
    for policy in ({"executionTimeout": 4999}, {"ttl": 9999}, {"ttl": 7 * 86_400_000 + 1}):
        answer = api.post("/run", json={"input": {"answer": 1}, "policy": policy})
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_field")


STORE = {"accessId": "a", "accessSecret": "b", "bucketName": "c", "endpointUrl": "http://s3.test"}


@pytest.mark.parametrize("door", ["call", "subtitles"])
def test_an_idempotency_key_makes_a_second_order_the_first_job(
    api: httpx.Client, door: str
) -> None:
    headers = {"Idempotency-Key": f"order-7 {door}"}
    fields = {"answer": 1, "n": [1]} if door == "call" else {"captions": SRT, "position_s": 1}
    body: dict[str, Any] = {"input": fields}
    first = api.post("/run", json=body, headers=headers).json()["id"]
    assert api.post("/run", json=body, headers=headers).json()["id"] == first
    ended(api, first)
    assert api.post("/run", json=body, headers=headers).json()["id"] == first
    reordered = {"policy": None, "input": dict(reversed(fields.items()))}
    elsewhere = {**headers, "Host": "another-name.test"}
    for route in ("/run", "/runsync"):
        same = api.post(route, json=reordered, headers=elsewhere)
        assert (same.status_code, same.json()["id"]) == (200, first)
    others = [{"input": {**fields, "more": 1}}, {**body, "webhook": "http://127.0.0.1:9/"}]
    others += [{**body, "policy": {"ttl": 20_000}}, {**body, "s3Config": STORE}]
    others += [{"input": {**fields, "answer": True}}] if door == "call" else []
    for other in others if door == "call" else others[1:]:
        answer = api.post("/run", json=other, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_conflict"), other
    assert api.post("/run", json=body).json()["id"] != first
    twice = [("Idempotency-Key", "one"), ("Idempotency-Key", "two")]
    answer = api.post("/run", json=body, headers=twice)
    assert (answer.status_code, answer.json()["code"]) == (400, "repeated_field")


def test_a_webhook_is_signed_and_tried_again_until_it_is_taken(
    api: httpx.Client, receiver: Receiver
) -> None:
    receiver.answers = [500, 302]
    job_id = handed_in(api, parts=["a"], webhook=receiver.url)
    until(lambda: len(receiver.calls) == 3)
    headers, body = receiver.calls[-1]
    assert json.loads(body) == ended(api, job_id)
    assert len({call[0]["webhook-id"] for call in receiver.calls}) == 1
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(b"a key of the tests", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_what_nobody_takes_is_listed_and_can_be_sent_again_or_removed(
    api: httpx.Client, receiver: Receiver
) -> None:
    letters = str(api.base_url.copy_with(path="/api/webhooks/undelivered"))
    receiver.answers = [503] * 3
    handed_in(api, answer={"error": "no"}, webhook=receiver.url)
    until(lambda: len(api.get(letters).json()["webhooks"]) == 1)
    (letter,) = api.get(letters).json()["webhooks"]
    assert (letter["url"], letter["attempts"], letter["error"]) == (
        receiver.url,
        3,
        "Answered 503",
    )
    assert api.post(f"{letters}/{letter['id']}").json()["status"] == "sending"
    until(lambda: len(receiver.calls) == 4)
    assert json.loads(receiver.calls[-1][1])["status"] == "FAILED"
    until(lambda: api.delete(f"{letters}/{letter['id']}").status_code == 404)
    assert api.get(letters).json() == {"webhooks": []}


def test_what_is_sent_again_is_sent_by_one_and_stops_when_it_is_removed(
    api: httpx.Client, receiver: Receiver
) -> None:
    letters = str(api.base_url.copy_with(path="/api/webhooks/undelivered"))
    receiver.answers = [503] * 3
    handed_in(api, answer=1, webhook=receiver.url)
    until(lambda: len(api.get(letters).json()["webhooks"]) == 1)
    letter = f"{letters}/{api.get(letters).json()['webhooks'][0]['id']}"
    receiver.answers, receiver.go = [503], threading.Event()
    for _ in range(3):
        assert api.post(letter).json()["status"] == "sending"
    until(lambda: len(receiver.calls) == 4)
    assert api.delete(letter).json()["status"] == "removed"
    receiver.go.set()
    handed_in(api, answer=2, webhook=receiver.url)
    until(lambda: len(receiver.calls) == 5)
    ids = [headers["webhook-id"] for headers, _ in receiver.calls]
    assert len(set(ids[:4])) == 1
    assert ids[4] != ids[0], "the removed one is sent no more"
    assert api.get(letters).json() == {"webhooks": []}


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/latest", "ftp://example.com/x", "no address", "http://a b/"]
)
def test_a_webhook_to_a_forbidden_address_is_refused_at_once(api: httpx.Client, url: str) -> None:
    answer = api.post("/run", json={"input": {"answer": 1}, "webhook": url})
    assert (answer.status_code, answer.json()["code"]) == (400, "url_blocked")


def test_an_operation_comes_before_a_path_and_its_failure_has_a_code(api: httpx.Client) -> None:
    told = ended(api, handed_in(api, operation="nope", path="/health"))
    assert (told["status"], told["code"]) == ("FAILED", "operation_unavailable")
    told = ended(api, handed_in(api, operation="caption", path="/health"))
    assert (told["status"], told["code"]) == ("FAILED", "invalid_field")


def test_what_subtitles_cannot_be_made_of_is_refused_before_the_queue(api: httpx.Client) -> None:
    for fields, text in (({}, "video_id is required"), ({"video_id": 5}, "video_id")):
        answer = api.post("/run", json={"input": fields})
        assert answer.status_code == 400
        assert text in answer.json()["error"]
    nested = api.post("/run", json={"input": {"input": {"answer": "unwrapped"}}}).json()["id"]
    assert ended(api, nested)["output"] == "unwrapped"


def test_nobody_knows_a_job_that_is_not_there(api: httpx.Client) -> None:
    for method, path in (
        ("GET", "/status/x"),
        ("GET", "/stream/x"),
        ("GET", "/status-sync/x"),
        ("POST", "/cancel/x"),
    ):
        answer = api.request(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "job_not_found")


def called(api: httpx.Client, **fields: Any) -> dict[str, Any]:
    """Return the output of a job that calls one of our own routes."""
    told = api.post("/runsync", json={"input": fields}).json()
    assert told["status"] == "COMPLETED", told
    output: dict[str, Any] = told["output"]
    return output


def test_voicebox_01_04_a_route_is_called_by_its_path_in_any_case(api: httpx.Client) -> None:
    for method in ("GET", "get"):
        output = called(api, path="/health", method=method)
        assert output["status_code"] == 200
        assert output["body"]["status"] == "ok"
        assert output["headers"]["content-type"] == "application/json"
        assert "is_binary" not in output


def test_voicebox_02_08_a_body_is_posted_and_any_status_is_an_output(api: httpx.Client) -> None:
    cue = {"start": 0, "end": 1000, "text": "Hello."}
    output = called(api, path="/api/render", body={"cues": [cue], "format": "srt"})
    assert (output["status_code"], type(output["body"])) == (200, str)
    assert "Hello." in output["body"]
    assert called(api, path="/no/such/route", method="GET")["status_code"] == 404
    assert called(api, path="/api/render", body={})["status_code"] == 400


@pytest.mark.parametrize("fields", [{"path": ""}, {"path": None}, {"path": "", "body": {}}])
def test_voicebox_03_a_missing_path_is_an_error(api: httpx.Client, fields: Any) -> None:
    told = api.post("/runsync", json={"input": fields}).json()
    assert (told["status"], told["error"]) == ("FAILED", "Missing 'path' in job input")


@pytest.mark.parametrize(
    "path",
    [
        *(
            "@host/x",
            "//host/x",
            "health",
            "http://host/x",
            "/a b",
            "/a#b",
            "/\\host",
            "/a\r\nX: y",
        ),
        *("/\u00e9", 5, ["/health"], "/" + "x" * 3000),
    ],
)
def test_voicebox_11_only_our_own_routes_are_called(api: httpx.Client, path: Any) -> None:
    told = api.post("/runsync", json={"input": {"path": path, "method": "GET"}}).json()
    assert (told["status"], told["code"]) == ("FAILED", "invalid_field")
    assert "path" in told["error"]


def test_voicebox_09_params_repeat_and_the_paths_own_query_survives(api: httpx.Client) -> None:
    output = called(api, path="/echo?z=1", method="GET", params={"q": [1, "b"], "flag": True})
    assert output["body"]["query"] == [["z", "1"], ["q", "1"], ["q", "b"], ["flag", "true"]]


def test_voicebox_10_a_body_goes_with_post_alone_unless_asked(api: httpx.Client) -> None:
    assert called(api, path="/echo", method="DELETE", body={"a": 1})["body"]["bytes"] == 0
    output = called(api, path="/echo", method="DELETE", body={"a": 1}, send_body=True)
    assert output["body"]["bytes"] == len(b'{"a":1}')


@pytest.mark.parametrize("media_type", ["audio/wav", "image/png", "application/zip", "video/mp4"])
def test_voicebox_05_06_07_what_is_no_text_comes_in_base64(
    api: httpx.Client, media_type: str
) -> None:
    output = called(api, path="/bytes", method="GET", params={"type": media_type})
    assert output["is_binary"] is True
    assert base64.b64decode(output["body_base64"]) == bytes(range(256))
    assert output["headers"]["content-type"] == media_type
    assert "body" not in output


def test_voicebox_06_texts_are_texts_and_nothing_is_an_empty_one(api: httpx.Client) -> None:
    output = called(api, path="/bytes", method="GET", params={"type": "text/plain"})
    assert output["is_binary"] is True, "256 bytes are no UTF-8, whatever they say to be"
    output = called(api, path="/api/jobs/x", method="OPTIONS")
    assert "is_binary" not in output


@pytest.mark.parametrize(
    "fields",
    [
        {"method": None},
        {"method": "GET\r\nX"},
        {"headers": {"X-A": 5}},
        {"headers": {"X-A": "b\r\nc"}},
        {"headers": {"X A": "b"}},
        {"headers": []},
        {"params": {"a": {"b": 1}}},
        {"params": "a=b"},
        {"body_base64": "?"},
        {"files": [{"content_base64": "?"}]},
        {"files": [{}]},
        {"files": [{"content_base64": ""}], "body": {}},
    ],
)
def test_voicebox_14_a_wrong_field_is_named(api: httpx.Client, fields: Any) -> None:
    told = api.post("/runsync", json={"input": {"path": "/echo", **fields}}).json()
    assert (told["status"], told["code"]) == ("FAILED", "invalid_field"), told
    assert "Traceback" not in told["error"]


def test_voicebox_15_a_too_large_answer_is_an_error(api: httpx.Client) -> None:
    told = api.post("/runsync", json={"input": {"path": "/large", "method": "GET"}}).json()
    assert (told["status"], told["code"]) == ("FAILED", "output_too_large")


def test_voicebox_16_files_and_bytes_reach_a_route(api: httpx.Client) -> None:
    content = base64.b64encode(SRT.encode()).decode()
    output = called(
        api,
        path="/api/process",
        form={"captions_lang": "en"},
        files=[{"name": "file", "filename": "talk.srt", "content_base64": content}],
    )
    assert [cue["text"] for cue in output["body"]["subtitles"]] == ["Good morning.", "The end."]
    output = called(api, path="/echo", body_base64=base64.b64encode(b"\0raw").decode())
    assert output["body"]["bytes"] == 4
    form = called(api, path="/api/process", form={"captions": SRT, "captions_lang": "en"})
    assert len(form["body"]["subtitles"]) == 2


def test_voicebox_17_what_a_caller_says_of_his_connection_is_not_passed_on(
    api: httpx.Client,
) -> None:
    headers = {"Host": "evil", "Content-Length": "9", "X-Forwarded-For": "1.2.3.4", "X-Own": "1"}
    body = called(api, path="/echo", method="GET", headers=headers)["body"]
    assert body["headers"]["host"] == "cuestream.internal"
    assert body["headers"]["x-own"] == "1"
    assert "x-forwarded-for" not in body["headers"]
    assert body["headers"].get("content-length", "0") == "0"


def test_a_job_that_calls_a_route_starts_no_other_one(api: httpx.Client) -> None:
    inner = {"input": {"path": "/health", "method": "GET"}}
    for path in ("/runsync", "/run", "/api/process"):
        output = called(api, path=path, body=inner)
        assert (output["status_code"], output["body"]["code"]) == (400, "invalid_request")
