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
_NO_ADVERT = "subtitles hold nothing but what is said"
_LOADED = "models stay loaded"
_PROMPT = "initial_prompt of a request is the prompt"
_HEAD = "detect_lang_offset and detect_lang_length of a request choose the part"
_SPOKEN = "language of a request is the spoken language"
_NAMED = "files are named by their language, as in Film.es.srt"
_MAP = "MEDIA_PATH_MAP=/theirs=/ours says where the folders lie"
_EPISODES = "each event makes the subtitles of what it names"
_TRACK = "the audio track is chosen by the spoken language and the container's own mark"
_EVENTS = "MEDIA_EVENTS names the events, added and played"
_SKIP = "a language that a film has as a whole is not made again; nothing is overwritten"

OTHER_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "APPEND": _NO_ADVERT,
        "ASR_QUANTIZATION": _PRECISION,
        "CHUNK_DURATION": "VAD_WINDOW_MS and silence decide where a recording is cut",
        "CLEAR_VRAM_ON_COMPLETE": _LOADED,
        "COMPUTE_TYPE": _PRECISION,
        "CONCURRENT_TRANSCRIPTIONS": _WORKERS,
        "CUSTOM_MODEL_PROMPT": _PROMPT,
        "CUSTOM_REGROUP": _PROFILE,
        "DEBUG": "LOG_LEVEL=DEBUG shows more",
        "DETECT_LANGUAGE_LENGTH": _HEAD,
        "DETECT_LANGUAGE_OFFSET": _HEAD,
        "DIARIZATION_BACKEND": "DIARIZATION_ENGINE chooses the diarizer",
        "DIARIZATION_CLUSTERING_THRESHOLD": _DIARIZER,
        "DIARIZATION_MIN_SEGMENT": _DIARIZER,
        "DIARIZATION_SEGMENTATION_THRESHOLD": _DIARIZER,
        "DIARIZATION_SMOOTHING": _ALWAYS,
        "DOWNLOADS_DIR": "downloads lie in CACHE_DIR and WORK_DIR",
        "ENABLE_AUDIO_NORMALIZATION": "the transcriber does not need it",
        "ENABLE_VAD": _ALWAYS,
        "EXPRESS_TIMEOUT_MS": _TIMES,
        "FORCE_DETECTED_LANGUAGE_TO": _SPOKEN,
        "GUNICORN_TIMEOUT": _TIMES,
        "GUNICORN_WORKERS": _WORKERS,
        "HTTP_PORT": "PORT is the port",
        "INCLUDE_DIARIZATION_IN_TEXT": "texts never hold speakers; results name them apart",
        "LOG_FILE": "logs go to standard output",
        "LRC_FOR_AUDIO_FILES": "MEDIA_FORMATS names the formats",
        "MAX_CACHE_SIZE_MB": "CACHE_MAX_SIZE_MB limits the cache",
        "MAX_SUBTITLE_DURATION": _PROFILE,
        "MAX_SUBTITLE_WORDS": _PROFILE,
        "MAX_WORKERS": _WORKERS,
        "MIN_SEGMENT_DURATION": _ALWAYS,
        "MLX_FORCE_DIRECT": _MLX,
        "MLX_USE_SUBPROCESS": _MLX,
        "MODEL_IDLE_TIMEOUT": _LOADED,
        "MODEL_LANG_MAP": "one model translates into every language; FALLBACK_MODEL is asked next",
        "MONITOR": "folders are not watched; POST /batch works through one",
        "NAMESUBLANG": _NAMED,
        "OUTPUT_DIR": "results lie in CACHE_DIR",
        "PATH_MAPPING_FROM": _MAP,
        "PATH_MAPPING_TO": _MAP,
        "PLATFORM": _PLATFORM,
        "PLEX_QUEUE_NEXT_EPISODE": _EPISODES,
        "PLEX_QUEUE_SEASON": _EPISODES,
        "PLEX_QUEUE_SERIES": _EPISODES,
        "POLLING_MAX_ATTEMPTS": _QUEUE,
        "PREFERRED_AUDIO_LANGUAGE": _TRACK,
        "PREFERRED_AUDIO_LANGUAGES": _TRACK,
        "PROCADDEDMEDIA": _EVENTS,
        "PROCESS_ADDED_MEDIA": _EVENTS,
        "PROCESS_MEDIA_ON_PLAY": _EVENTS,
        "PROCMEDIAONPLAY": _EVENTS,
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
        "SHOULD_WHISPER_DETECT_AUDIO_LANGUAGE": _ALWAYS,
        "SHOW_IN_SUBNAME_MODEL": _NAMED,
        "SHOW_IN_SUBNAME_SUBGEN": _NAMED,
        "SKIPIFEXTERNALSUB": _SKIP,
        "SKIPIFINTERNALSUBLANG": _SKIP,
        "SKIP_IF_AUDIO_TRACK_IS": _SKIP,
        "SKIP_IF_EXTERNAL_SUBTITLES_EXIST": _SKIP,
        "SKIP_IF_INTERNAL_SUBTITLES_LANGUAGE": _SKIP,
        "SKIP_IF_NO_LANGUAGE_BUT_SUBTITLES_EXIST": _SKIP,
        "SKIP_IF_TARGET_SUBTITLES_EXIST": _SKIP,
        "SKIP_ONLY_SUBGEN_SUBTITLES": _SKIP,
        "SKIP_SUBTITLE_LANGUAGES": _SKIP,
        "SKIP_UNKNOWN_LANGUAGE": _SKIP,
        "SUBGEN_KWARGS": "the transcriber has variables of its own, WHISPER_BEAM_SIZE among them",
        "SUBTITLE_LANGUAGE_NAME": _NAMED,
        "SUBTITLE_LANGUAGE_NAMING_TYPE": _NAMED,
        "TEMPERATURE": "WHISPER_TEMPERATURES are the temperatures of the attempts",
        "TRANSCRIBE_DEVICE": "ASR_DEVICE is the device, cpu or cuda",
        "TRANSCRIBE_FOLDERS": "MEDIA_ROOTS names the folders; POST /batch works through one",
        "TRANSCRIBE_OR_TRANSLATE": "MEDIA_LANGUAGES=en translates into English",
        "TRANSCRIPTION_WORKER_ENABLED": _POLLER,
        "USE_MODEL_PROMPT": _PROMPT,
        "USE_PATH_MAPPING": _MAP,
        "VPS_MAX_CONCURRENT_JOBS": "MEDIA_JOBS is the number of encodes at a time",
        "VPS_WORK_DIR": "WORK_DIR is the folder for temporary files",
        "WEBHOOKPORT": "PORT is the port",
        "WEBHOOK_PORT": "PORT is the port",
        "WHISPER_BACKEND": _MLX,
        "WHISPER_CONDITION_ON_PREVIOUS": "each window is transcribed by itself",
        "WHISPER_HF_REPO": "WHISPER_MODEL takes a hub id",
        "WHISPER_QUANTIZED": _PRECISION,
        "WORD_LEVEL_HIGHLIGHT": "MEDIA_FORMATS names the formats",
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
