"""Settings from environment variables; no other package reads the environment.

Each group below is one subject. A field's name in capitals, with the group's prefix where it
has one, is its environment variable; further accepted names are its aliases. The text under a
field states its unit, its effect and when to change it.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from app.settings.alignment_settings import AlignmentSettings
from app.settings.batch_settings import BatchSettings
from app.settings.cache_settings import CacheSettings
from app.settings.diarization_settings import DiarizationSettings
from app.settings.file_settings import FileSettings
from app.settings.group import Group
from app.settings.job_settings import JobSettings
from app.settings.job_store_settings import JobStoreSettings, StoreName
from app.settings.library_settings import LibrarySettings
from app.settings.live_settings import LiveSettings
from app.settings.media_settings import EncoderChoice, MediaSettings
from app.settings.model_settings import ModelSettings
from app.settings.other_systems import OTHER_NAMES
from app.settings.provider_choice import chosen_by_key
from app.settings.queue_settings import QueueSettings
from app.settings.rate_limit_settings import RateLimitSettings, TrustedProxies
from app.settings.role_settings import AudioApiSettings, EndpointSettings, Role, RoleSettings
from app.settings.scheduler_settings import SchedulerSettings
from app.settings.server_settings import AccessSettings, Mode, ServerSettings
from app.settings.source_settings import SourceSettings
from app.settings.terminal_settings import TerminalSettings
from app.settings.transcriber_settings import AsrSettings, ParakeetSettings, WhisperSettings
from app.settings.translation_settings import TranslationSettings
from app.settings.tts_settings import TtsSettings
from app.settings.unused_variables import unused_variables
from app.settings.upload_settings import UploadSettings
from app.settings.vad_settings import VadSettings
from app.settings.vendor_settings import ChatName, VendorSettings
from app.settings.wrong_variables import wrong_variables
from app.settings.wyoming_settings import WyomingSettings

__all__ = [
    "OTHER_NAMES",
    "AccessSettings",
    "AlignmentSettings",
    "AsrSettings",
    "AudioApiSettings",
    "BatchSettings",
    "CacheSettings",
    "ChatName",
    "DiarizationSettings",
    "EncoderChoice",
    "EndpointSettings",
    "FileSettings",
    "Group",
    "JobSettings",
    "JobStoreSettings",
    "LibrarySettings",
    "LiveSettings",
    "MediaSettings",
    "Mode",
    "ModelSettings",
    "ParakeetSettings",
    "QueueSettings",
    "RateLimitSettings",
    "Role",
    "RoleSettings",
    "SchedulerSettings",
    "ServerSettings",
    "Settings",
    "SettingsError",
    "SourceSettings",
    "StoreName",
    "TerminalSettings",
    "TranslationSettings",
    "TtsSettings",
    "UploadSettings",
    "VadSettings",
    "VendorSettings",
    "WhisperSettings",
    "WyomingSettings",
    "child_environment",
    "prepare_sdk_environment",
    "read_settings",
    "see_one_gpu",
    "unused_variables",
    "visible_gpus",
    "whole_environment",
]


class Settings(BaseModel):
    """All settings, a group for each subject."""

    model_config = ConfigDict(frozen=True)

    server: ServerSettings = Field(default_factory=ServerSettings)
    worker: RoleSettings = Field(default_factory=RoleSettings)
    endpoints: EndpointSettings = Field(default_factory=EndpointSettings)
    access: AccessSettings = Field(default_factory=AccessSettings)
    limits: RateLimitSettings = Field(default_factory=RateLimitSettings)
    jobs: JobSettings = Field(default_factory=JobSettings)
    batch: BatchSettings = Field(default_factory=BatchSettings)
    job_store: JobStoreSettings = Field(default_factory=JobStoreSettings)
    queue: QueueSettings = Field(default_factory=QueueSettings)
    sources: SourceSettings = Field(default_factory=SourceSettings)
    uploads: UploadSettings = Field(default_factory=UploadSettings)
    files: FileSettings = Field(default_factory=FileSettings)
    libraries: LibrarySettings = Field(default_factory=LibrarySettings)
    live: LiveSettings = Field(default_factory=LiveSettings)
    wyoming: WyomingSettings = Field(default_factory=WyomingSettings)
    media: MediaSettings = Field(default_factory=MediaSettings)
    caches: CacheSettings = Field(default_factory=CacheSettings)
    scheduler: SchedulerSettings = Field(default_factory=SchedulerSettings)
    vad: VadSettings = Field(default_factory=VadSettings)
    asr: AsrSettings = Field(default_factory=AsrSettings)
    whisper: WhisperSettings = Field(default_factory=WhisperSettings)
    parakeet: ParakeetSettings = Field(default_factory=ParakeetSettings)
    audio_api: AudioApiSettings = Field(default_factory=AudioApiSettings)
    alignment: AlignmentSettings = Field(default_factory=AlignmentSettings)
    diarization: DiarizationSettings = Field(default_factory=DiarizationSettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
    translation: TranslationSettings = Field(default_factory=TranslationSettings)
    vendors: VendorSettings = Field(default_factory=VendorSettings)
    tts: TtsSettings = Field(default_factory=TtsSettings)
    terminal: TerminalSettings = Field(default_factory=TerminalSettings)

    @model_validator(mode="before")
    @classmethod
    def _by_role(cls, groups: object) -> object:
        return _for_role(dict(groups)) if isinstance(groups, dict) else groups

    @model_validator(mode="before")
    @classmethod
    def _choose_by_key(cls, groups: object) -> object:
        """A key or an address that is set chooses its provider where no setting names one."""
        if not isinstance(groups, dict):
            return groups
        values: dict[str, object] = dict(groups)
        translation = _group(values, "translation", TranslationSettings)
        vendors = _group(values, "vendors", VendorSettings)
        tts = _group(values, "tts", TtsSettings)
        if "provider" not in translation.model_fields_set:
            transcribes_there = _group(values, "asr", AsrSettings).engine == "openai"
            choice = chosen_by_key(translation, vendors, transcribes_there=transcribes_there)
            if choice is not None:
                translation = translation.model_copy(update={"provider": choice.provider})
        if "engine" not in tts.model_fields_set and tts.api_key is not None:
            tts = tts.model_copy(update={"engine": "openai"})
        return {**values, "translation": translation, "vendors": vendors, "tts": tts}

    @property
    def role(self) -> Role:
        """What this worker does among several."""
        return self.worker.role

    @cached_property
    def mode(self) -> Mode:
        """Where the server runs: as set, else detected from RunPod's own variables."""
        if self.server.mode:
            return self.server.mode
        if "RUNPOD_WEBHOOK_GET_JOB" in os.environ:
            return "queue"
        if "RUNPOD_ENDPOINT_ID" in os.environ:
            return "load_balancer"
        if "RUNPOD_POD_ID" in os.environ:
            return "pod"
        return "local"

    @property
    def proxy_url(self) -> str | None:
        """Address of RunPod's proxy ahead of this pod; None elsewhere.

        Source: RunPod's guide to exposing ports.
        """
        pod_id = os.environ.get("RUNPOD_POD_ID", "")
        if self.mode != "pod" or not pod_id:
            return None
        return f"https://{pod_id}-{self.port}.proxy.runpod.net"

    @property
    def aligns(self) -> bool:
        """Whether words are to be aligned, where that is possible.

        Whisper's own word times are rough.
        """
        if self.alignment.enabled is not None:
            return self.alignment.enabled
        return self.asr.is_whisper

    @property
    def diarizes_by_default(self) -> bool:
        """Whether a request gets speakers that says nothing of them."""
        return self.diarization.enabled and self.asr.enabled and self.diarization.mode == "on"

    @property
    def port(self) -> int:
        """Port of the API."""
        return self.server.port or (80 if self.mode == "load_balancer" else 5001)

    @property
    def trusted_proxies(self) -> TrustedProxies:
        """Proxies whose ``X-Forwarded-For`` is trusted."""
        if self.limits.trusted_proxies is not None:
            return self.limits.trusted_proxies
        return 1 if self.mode in ("pod", "load_balancer") else 0

    @property
    def max_upload_bytes(self) -> int:
        """Largest upload, in bytes."""
        default_mb = 30 if self.mode == "load_balancer" else 2048
        return (self.server.max_upload_mb or default_mb) * 2**20

    @property
    def sync_limit_s(self) -> float | None:
        """Time limit of a JSON answer in seconds; None for none."""
        if self.server.sync_limit_s is not None:
            return self.server.sync_limit_s
        return 300.0 if self.mode == "load_balancer" else None


class SettingsError(Exception):
    """Variables that cannot be read; the text names each of them."""


def read_settings() -> Settings:
    """Return the settings of the environment and of `.env`.

    Raises:
        SettingsError: a variable cannot be read; names all of them.
    """
    try:
        return Settings()
    except ValidationError:
        kinds = [field.annotation for field in Settings.model_fields.values()]
        groups = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Group)]
        raise SettingsError(wrong_variables(groups)) from None


def _for_role(groups: dict[str, object]) -> dict[str, object]:
    """Return the groups with what the worker's role decides about its engines.

    Args:
        groups: those that are given; all others are of the environment.
    """
    role = _group(groups, "worker", RoleSettings).role
    if role == "all":
        return groups
    asr = _group(groups, "asr", AsrSettings)
    diarization = _group(groups, "diarization", DiarizationSettings)
    alignment = _group(groups, "alignment", AlignmentSettings)
    if role == "transcription":
        diarization = diarization.model_copy(update={"enabled": False})
    elif role == "diarization":
        asr = asr.model_copy(update={"enabled": False})
        diarization = diarization.model_copy(update={"enabled": True})
    else:
        endpoints = _group(groups, "endpoints", EndpointSettings)
        diarizes = bool(endpoints.diarization_url or endpoints.diarization_endpoint_id)
        asr = asr.model_copy(update={"enabled": True, "engine": "endpoint"})
        chosen = {"enabled": diarizes, "engine": "endpoint"}
        diarization = diarization.model_copy(update=chosen)
        alignment = alignment.model_copy(update={"enabled": False})
    return {**groups, "asr": asr, "diarization": diarization, "alignment": alignment}


_AnyGroup = TypeVar("_AnyGroup", bound=Group)


def _group(groups: dict[str, object], name: str, kind: type[_AnyGroup]) -> _AnyGroup:
    given = groups.get(name)
    if isinstance(given, kind):
        return given
    return kind(**given) if isinstance(given, dict) else kind()


def child_environment() -> dict[str, str]:
    """Return the environment for a child process: ours without secrets."""
    secret = ("KEY", "TOKEN", "SECRET", "PASSWORD", "YTDLP_PROXY", "DATABASE_URL")
    return {k: v for k, v in os.environ.items() if not any(word in k.upper() for word in secret)}


def whole_environment() -> dict[str, str]:
    """Return the environment with its secrets, for a server that a script starts."""
    return dict(os.environ)


def prepare_sdk_environment() -> None:
    """Set what RunPod's SDK reads while it is imported.

    Unless told otherwise it logs inputs and outputs of jobs, thus transcripts.
    """
    if "RUNPOD_DEBUG_LEVEL" not in os.environ:
        os.environ.setdefault("RUNPOD_LOG_LEVEL", "INFO")


def visible_gpus() -> list[str]:
    """Return the GPUs visible to this process, numbers or UUIDs; empty where all are visible."""
    listed = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return [gpu.strip() for gpu in listed if gpu.strip()]


def see_one_gpu(index: int) -> None:
    """Make one GPU visible to this process and its children; call it before CUDA is loaded.

    Args:
        index: among the GPUs that are visible so far, from 0.
    """
    visible = visible_gpus()
    chosen = visible[index : index + 1] if visible else [str(index)]
    os.environ["CUDA_VISIBLE_DEVICES"] = "".join(chosen)
