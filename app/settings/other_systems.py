"""Variables of earlier systems that nothing here reads, and what to set instead.

The ones that mean the same here are aliases of our own fields. A name is told at the start when it
is set, since whoever sets it expects something.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_PLATFORM = "the platform is found out; MODE overrides that"
_WORKERS = "GPUS is the number of worker processes, MAX_JOBS of jobs at a time"
_PROFILE = "reading profiles limit cues, see DEFAULT_PROFILE"
_PRECISION = "WHISPER_COMPUTE_TYPE is the precision"
_MLX = "ASR_ENGINE and ASR_DEVICE choose what transcribes"
_ALWAYS = "it is always done"
_DIARIZER = "the diarizer's own values are used; DIARIZATION_MODEL chooses it"
_POLLER = "there is no poller; jobs come by the API"
_QUEUE = "jobs run in this process; MAX_JOBS limits them"
_TIMES = "streams and answers have no such limit; see SYNC_LIMIT_S"
_YOUTUBE = "signing in is done by a browser; COOKIES_FILE takes its cookies"

OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "CHUNK_DURATION": "VAD_WINDOW_MS and silence decide where a recording is cut",
        "DEBUG": "LOG_LEVEL=DEBUG shows more",
        "DIARIZATION_BACKEND": "DIARIZATION_ENGINE chooses the diarizer",
        "DIARIZATION_CLUSTERING_THRESHOLD": _DIARIZER,
        "DIARIZATION_MIN_SEGMENT": _DIARIZER,
        "DIARIZATION_SEGMENTATION_THRESHOLD": _DIARIZER,
        "DIARIZATION_SMOOTHING": _ALWAYS,
        "DOWNLOADS_DIR": "downloads lie in CACHE_DIR and WORK_DIR",
        "ENABLE_AUDIO_NORMALIZATION": "the transcriber does not need it",
        "ENABLE_VAD": _ALWAYS,
        "EXPRESS_TIMEOUT_MS": _TIMES,
        "GUNICORN_TIMEOUT": _TIMES,
        "GUNICORN_WORKERS": _WORKERS,
        "HTTP_PORT": "PORT is the port",
        "INCLUDE_DIARIZATION_IN_TEXT": "texts never hold speakers; results name them apart",
        "LOG_FILE": "logs go to standard output",
        "MAX_CACHE_SIZE_MB": "CACHE_MAX_SIZE_MB limits the cache",
        "MAX_SUBTITLE_DURATION": _PROFILE,
        "MAX_SUBTITLE_WORDS": _PROFILE,
        "MAX_WORKERS": _WORKERS,
        "MIN_SEGMENT_DURATION": _ALWAYS,
        "MLX_FORCE_DIRECT": _MLX,
        "MLX_USE_SUBPROCESS": _MLX,
        "MODEL_LANG_MAP": "one model translates into every language; FALLBACK_MODEL is asked next",
        "OUTPUT_DIR": "results lie in CACHE_DIR",
        "PLATFORM": _PLATFORM,
        "POLLING_MAX_ATTEMPTS": _QUEUE,
        "QUEUE_JOB_TTL": "JOB_RETENTION_S is how long a finished job can be read",
        "QUEUE_MAX_WORKERS": _WORKERS,
        "QUEUE_POLLING_INTERVAL": _QUEUE,
        "QUEUE_STORAGE": _QUEUE,
        "QUEUE_TIMEOUT_CHECK_INTERVAL": _QUEUE,
        "REDIS_URL": _QUEUE,
        "RUNPOD_EXECUTION_TIMEOUT": "the endpoint's own limit ends a job",
        "RUNPOD_IDLE_TIMEOUT": "the endpoint's own limit ends an idle worker",
        "RUNPOD_WHISPER_ENDPOINT_ID": "this server transcribes itself",
        "RUNPOD_WHISPER_OFFICIAL_ENDPOINT_ID": "this server transcribes itself",
        "S3_LOCAL_URL": "there is one address of the object storage",
        "SERVERLESS": _PLATFORM,
        "TEMPERATURE": "WHISPER_TEMPERATURES are the temperatures of the attempts",
        "TRANSCRIPTION_WORKER_ENABLED": _POLLER,
        "VPS_MAX_CONCURRENT_JOBS": "MEDIA_JOBS is the number of encodes at a time",
        "VPS_WORK_DIR": "WORK_DIR is the folder for temporary files",
        "WHISPER_BACKEND": _MLX,
        "WHISPER_CONDITION_ON_PREVIOUS": "each window is transcribed by itself",
        "WHISPER_HF_REPO": "WHISPER_MODEL takes a hub id",
        "WHISPER_QUANTIZED": _PRECISION,
        "WORKER_BATCH_SIZE": _POLLER,
        "WORKER_POLL_INTERVAL": _POLLER,
        "WORKER_STARTUP_DELAY": _POLLER,
        "WORKER_VT_SECONDS": _POLLER,
        "YOUTUBE_EMAIL": _YOUTUBE,
        "YOUTUBE_PASSWORD": _YOUTUBE,
        "YTDLP_BINARY": "scripts/update-ytdlp.sh installs a newer yt-dlp in YTDLP_DIR",
        "YTDLP_COOKIE_REFRESH_DAYS": _YOUTUBE,
        "YTDLP_MAX_SLEEP": "YTDLP_SLEEP_S is the time between two requests",
        "YTDLP_MIN_SLEEP": "YTDLP_SLEEP_S is the time between two requests",
    }
)
"""What does the same here, or why nothing does, by the variable's name."""
