"""`cuestream cancel JOB_ID`: an end to work of a server that nobody wants any more."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from urllib.parse import quote

import httpx

from app.cli.command_context import chosen_reporter, exit_of, named_server
from app.cli.exit_codes import CommandError, ExitCode
from app.cli.server_client import ServerClient, checked, json_object, not_cuestream, unreachable

_OF_THE_SERVER = (ExitCode.UNREACHABLE, ExitCode.KEY, ExitCode.TRY_LATER)
"""Failures that every further job would meet too."""


def cancel_jobs(job_ids: Sequence[str], server: str, key: str, *, as_json: bool) -> ExitCode:
    """Cancel jobs of a server elsewhere; return the exit code.

    One that the server does not know is reported, and the next one cancelled.

    Args:
        job_ids: as the command told them.
        server: address; empty for that of the settings.
        key: empty for that of the settings.
        as_json: whether events are written as JSON.
    """
    reporter = chosen_reporter(as_json=as_json, quiet=False)

    def work() -> ExitCode:
        client = named_server(server, key)
        if client is None:
            raise CommandError(
                "no server is named",
                ExitCode.USAGE,
                advice="--server or CUESTREAM_SERVER; a server of a command's own ends with it",
            )
        code = ExitCode.DONE
        with closing(client):
            for job_id in job_ids:
                try:
                    reporter.skipped(job_id, _cancelled(client, job_id))
                except CommandError as error:
                    if error.exit_code in _OF_THE_SERVER:
                        raise
                    reporter.failed(job_id, error)
                    code = error.exit_code
        return code

    return exit_of(work, reporter)


def _cancelled(client: ServerClient, job_id: str) -> str:
    """Cancel a job; return how it stands, such as ``cancelled`` or ``completed``."""
    try:
        answer = json_object(checked(client.http.post(f"/cancel/{quote(job_id, safe='')}")))
    except httpx.HTTPError as error:
        raise unreachable(client.address, error) from None
    if not isinstance(answer.get("status"), str):
        raise not_cuestream(client.address, "it cancels no jobs")
    return str(answer["status"]).lower().replace("_", " ")
