"""Subtitling inputs one after the other: asked for, followed, written beside the media."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from app.cli.exit_codes import CommandError, ExitCode
from app.cli.file_writing import TO_PIPE, plain_stem, write_stdout, write_whole
from app.cli.inputs import InputItem
from app.cli.job_follow import JobFollower
from app.cli.job_memory import JobMemory, RememberedJob, item_facts, job_key
from app.cli.job_reporter import JobReporter
from app.cli.part_upload import PART_BYTES, upload_in_parts
from app.cli.player_names import PlayerName, flags_of, player_name
from app.cli.server_client import ServerClient, form_fields, not_cuestream, sendable_name


@dataclass(frozen=True, slots=True)
class SubtitleOptions:
    """What is wanted of every input.

    Attributes:
        formats: names in requests, and with each what its files' names end in.
        targets: tags of languages; an empty text for the spoken one.
        output: folder or file, `-` for standard output; empty for beside the media.
        force: whether files are overwritten.
        fields: of the request, but for formats and language.
    """

    formats: Mapping[str, str]
    targets: Sequence[str] = ("",)
    output: str = ""
    force: bool = False
    fields: Mapping[str, Any] = field(default_factory=dict)


class SubtitleRun:
    """Works on inputs with one server.

    Args:
        client: of the server.
        options: of the run.
        reporter: shows what happens.
        memory: of interrupted jobs.
        own: whether the server is the command's own.
    """

    def __init__(
        self,
        client: ServerClient,
        options: SubtitleOptions,
        reporter: JobReporter,
        memory: JobMemory,
        *,
        own: bool,
    ) -> None:
        self._client = client
        self._options = options
        self._reporter = reporter
        self._memory = memory
        self._own = own

    def work_on(self, item: InputItem) -> ExitCode:
        """Subtitle one input in every language; failures are reported."""
        codes = [self._attempted(item, target) for target in self._options.targets]
        return next((code for code in codes if code is not ExitCode.DONE), ExitCode.DONE)

    def _attempted(self, item: InputItem, target: str) -> ExitCode:
        try:
            return self._subtitled(item, target)
        except CommandError as error:
            failure = error
        except BrokenPipeError:
            raise  # nobody reads the results any more
        except OSError as error:
            reason = f"{error.filename or item.name}: {error.strerror or error}"
            failure = CommandError(reason, ExitCode.NO_INPUT)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            # An answer of another version, say. The inputs that follow may fare better.
            reason = f"the answer is not understood ({type(error).__name__}: {error})"
            failure = not_cuestream(self._client.address, reason)
            failure.exit_code = ExitCode.FAILED
        self._reporter.failed(item.name, failure)
        return failure.exit_code

    def _subtitled(self, item: InputItem, target: str) -> ExitCode:
        fields = {**self._options.fields, "formats": list(self._options.formats)}
        if target:
            fields["target_lang"] = target
        key = job_key("" if self._own else self._client.address, item_facts(item), fields)
        busy = f"another run of the command has begun {item.name}; waiting for it"
        with self._memory.claimed(key, lambda: self._reporter.waiting(busy)):
            return self._worked_on(item, target, fields, key)

    def _worked_on(
        self, item: InputItem, target: str, fields: dict[str, Any], key: str
    ) -> ExitCode:
        job = self._memory.load(key)
        if taken := self._taken(item, target, job):
            reason = f"{', '.join(map(str, taken))} is there already; --force overwrites it"
            if item.named:
                raise CommandError(reason, ExitCode.EXISTS)
            self._reporter.skipped(item.name, reason)
            return ExitCode.DONE
        self._reporter.begun(item.name, resumed=bool(job.events or job.uploads))

        def save() -> None:
            self._memory.save(key, job)

        follower = JobFollower(self._client, job, item.name, self._reporter, save)

        def sent(percent: int) -> None:
            follower.moved()
            self._reporter.stage({"stage": "uploading", "percent": percent})

        result = follower.result(lambda: self._begin(item, fields, job, sent, save))
        for notice in result.get("notices", ()):
            self._reporter.notice(str(notice["code"]), str(notice["message"]))
        paths = self._write(item, result)
        self._memory.save(key, RememberedJob(outputs=[str(path) for path in paths]))
        return ExitCode.DONE

    def _taken(self, item: InputItem, target: str, job: RememberedJob) -> list[Path]:
        """Return files that would be overwritten, as far as their names are known by now."""
        if self._options.force or self._options.output == TO_PIPE:
            return []
        written = [path for path in map(Path, job.outputs) if path.exists()]
        language = target or str(self._options.fields.get("source_lang", ""))
        if item.path is None or item.from_pipe or not language:
            return written
        places = [self._place(item, "", language, end) for end in self._options.formats.values()]
        return [path for path in places if path.exists()] or written

    @contextmanager
    def _begin(
        self,
        item: InputItem,
        fields: dict[str, Any],
        job: RememberedJob,
        sent: Callable[[int], None],
        save: Callable[[], None],
    ) -> Iterator[httpx.Response]:
        """Send a request; its answer is the stream of the job."""
        path = "/api/stream"
        if item.path is None:
            with self._client.stream("POST", path, json={**fields, "url": item.url}) as response:
                yield response
        elif not self._own and item.path.stat().st_size > PART_BYTES:
            upload = upload_in_parts(self._client, item.path, job, sent, save)
            body = {**fields, "upload_id": upload}
            with self._client.stream("POST", path, json=body) as response:
                yield response
        else:
            with item.path.open("rb") as file:
                name = sendable_name(item.path)
                content = {"files": {"file": (name, file)}, "data": form_fields(fields)}
                with self._client.stream("POST", path, **content) as response:
                    yield response

    def _write(self, item: InputItem, result: dict[str, Any]) -> list[Path]:
        """Write the files of a result; return where."""
        language = str(result.get("target_lang") or result.get("language") or "")
        paths: list[Path] = []
        for name, ending in self._options.formats.items():
            content = _content(result, name)
            if self._options.output == TO_PIPE:
                write_stdout(content)
                continue
            path = self._place(item, str(result.get("title") or ""), language, ending)
            write_whole(path, content, force=self._options.force)
            self._reporter.written(item.name, path, result)
            paths.append(path)
        return paths

    def _place(self, item: InputItem, title: str, language: str, ending: str) -> Path:
        """Return where a file goes: beside the media, under a name that players find."""
        fields = self._options.fields
        named = PlayerName(plain_stem(title), flags_of(fields))
        if item.path is not None:
            named = player_name(item.path, fields)
        name = named.of(language, ending)
        output = Path(self._options.output).expanduser() if self._options.output else None
        if output is None:
            beside = item.path is not None and not item.from_pipe
            return item.path.with_name(name) if item.path and beside else Path(name)
        if output.is_dir() or self._options.output.endswith("/"):
            return output / item.below / name
        return output


def _content(result: dict[str, Any], name: str) -> bytes:
    text = str(result["formats"][name])
    if name in result.get("formats_base64", ()):
        return base64.b64decode(text)
    return text.encode()
