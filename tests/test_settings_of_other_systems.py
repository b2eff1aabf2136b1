"""Variables of earlier systems are read, or said to do nothing; a key chooses its provider."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from app.services.translation.llm.endpoint import check_endpoint, main_endpoint
from app.services.translation.llm.vendors import VENDORS
from app.settings import OTHER_NAMES, Settings, unused_variables
from app.settings.unused_variables import set_variables
from scripts.settings_table import PAGE, env_names, fields

EXTENSION_BACKEND = """
PORT HOST PLATFORM CORS_ORIGINS LOG_LEVEL LOG_JSON LOG_FILE GUNICORN_WORKERS GUNICORN_TIMEOUT
PORT_HEALTH CACHE_DIR MODEL_CACHE_DIR CACHE_MAX_SIZE_MB CACHE_AUDIO_TTL_HOURS
CACHE_CLEANUP_INTERVAL_MINUTES MAX_CACHE_SIZE_MB WHISPER_CACHE_DIR COOKIES_FILE LLM_PROVIDER
OPENAI_API_KEY SERVER_API_KEY ANTHROPIC_API_KEY GOOGLE_API_KEY MISTRAL_API_KEY OPENROUTER_API_KEY
DEEPSEEK_API_KEY OLLAMA_BASE_URL OPENAI_MODEL ANTHROPIC_MODEL GOOGLE_MODEL MISTRAL_MODEL
OPENROUTER_MODEL DEEPSEEK_MODEL OLLAMA_MODEL OPENAI_CONCURRENT_REQUESTS
ANTHROPIC_CONCURRENT_REQUESTS GOOGLE_CONCURRENT_REQUESTS MISTRAL_CONCURRENT_REQUESTS
OPENROUTER_CONCURRENT_REQUESTS DEEPSEEK_CONCURRENT_REQUESTS OLLAMA_CONCURRENT_REQUESTS SERVER_MODEL
SERVER_API_URL MODEL_LANG_MAP ENABLE_WHISPER WHISPER_MODEL WHISPER_BACKEND WHISPER_LANGUAGE
WHISPER_BEAM_SIZE WHISPER_NO_SPEECH_THRESHOLD WHISPER_COMPRESSION_RATIO_THRESHOLD
WHISPER_LOGPROB_THRESHOLD WHISPER_CONDITION_ON_PREVIOUS WHISPER_HF_REPO WHISPER_QUANTIZED
MLX_USE_SUBPROCESS MLX_FORCE_DIRECT ENABLE_AUDIO_NORMALIZATION ENABLE_VAD VAD_THRESHOLD
MAX_SUBTITLE_DURATION MAX_SUBTITLE_WORDS ENABLE_DIARIZATION HF_TOKEN DIARIZATION_MODE
DIARIZATION_BACKEND MIN_SPEAKERS MAX_SPEAKERS DIARIZATION_SMOOTHING MIN_SEGMENT_DURATION
DIARIZATION_MODEL DIARIZATION_SEGMENTATION_THRESHOLD DIARIZATION_CLUSTERING_THRESHOLD
DIARIZATION_MIN_SEGMENT TTS_ENABLED TTS_BACKEND HF_HOME
"""
VIDEO_API = """
WORKER_MODEL_SIZE WORKER_PROVIDER API_KEY ALLOWED_ORIGIN CACHE_TTL_HOURS DOWNLOADS_DIR YTDLP_BINARY
YTDLP_COOKIES_FILE YTDLP_MIN_SLEEP YTDLP_MAX_SLEEP YTDLP_SLEEP_REQUESTS YTDLP_COOKIE_REFRESH_DAYS
YOUTUBE_EMAIL YOUTUBE_PASSWORD TRANSCRIPTION_WORKER_ENABLED WORKER_POLL_INTERVAL WORKER_BATCH_SIZE
WORKER_VT_SECONDS WORKER_STARTUP_DELAY SUPABASE_URL SUPABASE_SERVICE_KEY WORKER_MAX_RETRIES
MAX_CONCURRENT_TRANSCRIPTIONS PROVIDER_NAME WORKER_NAME PY_API_TOKEN
"""
SPEECH_WORKER = """
HUGGINGFACE_ACCESS_TOKEN MODEL_ID CHUNK_DURATION TEMP_DIR DEBUG TEMPERATURE
INCLUDE_DIARIZATION_IN_TEXT DIARIZATION_ENDPOINT_ID TRANSCRIPTION_ENDPOINT_ID RUNPOD_API_KEY
"""
MEDIA_WORKER = """
X_API_KEY RUNPOD_WHISPER_ENDPOINT_ID RUNPOD_WHISPER_OFFICIAL_ENDPOINT_ID S3_LOCAL_URL
POLLING_MAX_ATTEMPTS EXPRESS_TIMEOUT_MS RUNPOD_EXECUTION_TIMEOUT RUNPOD_IDLE_TIMEOUT QUEUE_STORAGE
REDIS_URL QUEUE_MAX_WORKERS MAX_WORKERS QUEUE_POLLING_INTERVAL QUEUE_TIMEOUT_CHECK_INTERVAL
QUEUE_JOB_TTL VPS_MAX_CONCURRENT_JOBS VPS_WORK_DIR CORS_ALLOW_ORIGINS HTTP_PORT WORK_DIR OUTPUT_DIR
BATCH_SIZE WEBHOOK_SECRET
"""
VOICE_PROXY = "SERVERLESS HF_HOME"
FILM_SERVERS = """
APPEND ASR_DEVICE ASR_ENGINE ASR_MODEL ASR_MODEL_PATH ASR_QUANTIZATION CLEAR_VRAM_ON_COMPLETE
COMPUTE_TYPE CONCURRENT_TRANSCRIPTIONS CUSTOM_MODEL_PROMPT CUSTOM_REGROUP DEBUG
DETECT_LANGUAGE_LENGTH DETECT_LANGUAGE_OFFSET FORCE_DETECTED_LANGUAGE_TO HF_TOKEN
JELLYFINSERVER JELLYFINTOKEN JELLYFIN_SERVER JELLYFIN_TOKEN LRC_FOR_AUDIO_FILES
MODEL_IDLE_TIMEOUT MODEL_PATH MONITOR NAMESUBLANG PATH_MAPPING_FROM PATH_MAPPING_TO PLEXSERVER
PLEXTOKEN PLEX_QUEUE_NEXT_EPISODE PLEX_QUEUE_SEASON PLEX_QUEUE_SERIES PLEX_SERVER PLEX_TOKEN
PREFERRED_AUDIO_LANGUAGE PREFERRED_AUDIO_LANGUAGES PROCADDEDMEDIA PROCESS_ADDED_MEDIA
PROCESS_MEDIA_ON_PLAY PROCMEDIAONPLAY SHOULD_WHISPER_DETECT_AUDIO_LANGUAGE
SHOW_IN_SUBNAME_MODEL SHOW_IN_SUBNAME_SUBGEN SKIPIFEXTERNALSUB SKIPIFINTERNALSUBLANG
SKIP_IF_AUDIO_TRACK_IS SKIP_IF_EXTERNAL_SUBTITLES_EXIST SKIP_IF_INTERNAL_SUBTITLES_LANGUAGE
SKIP_IF_NO_LANGUAGE_BUT_SUBTITLES_EXIST SKIP_IF_TARGET_SUBTITLES_EXIST
SKIP_ONLY_SUBGEN_SUBTITLES SKIP_SUBTITLE_LANGUAGES SKIP_UNKNOWN_LANGUAGE SUBGEN_KWARGS
SUBTITLE_LANGUAGE_NAME SUBTITLE_LANGUAGE_NAMING_TYPE TRANSCRIBE_DEVICE TRANSCRIBE_FOLDERS
TRANSCRIBE_OR_TRANSLATE USE_MODEL_PROMPT USE_PATH_MAPPING WEBHOOKPORT WEBHOOK_PORT
WEBHOOK_URL_COMPLETED WHISPER_MODEL WHISPER_THREADS WORD_LEVEL_HIGHLIGHT
"""
"""subgen's, of all its versions, and whisper-asr-webservice's."""

THEIRS = sorted(
    {
        *" ".join(
            [EXTENSION_BACKEND, VIDEO_API, SPEECH_WORKER, MEDIA_WORKER, VOICE_PROXY, FILM_SERVERS]
        ).split()
    }
)
READ = {variable for group, n, field in fields() for variable in env_names(group, n, field)}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment that sets none of these, in a folder without a `.env`."""
    for name in {*READ, *OTHER_NAMES}:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch


@pytest.mark.parametrize("name", THEIRS)
def test_every_variable_of_theirs_is_read_or_told(
    environment: pytest.MonkeyPatch, name: str
) -> None:
    if name in READ:
        return
    environment.setenv(name, "1")
    [text] = unused_variables(Settings())
    assert text == f"{name} is set and not used: {OTHER_NAMES[name]}"
    assert f"| `{name}` | {OTHER_NAMES[name]} |" in PAGE.read_text("utf-8")


def test_the_table_names_nothing_that_nobody_had() -> None:
    assert set(OTHER_NAMES) <= set(THEIRS)
    assert {name for name in OTHER_NAMES if OTHER_NAMES[name].isupper()} == set()


@pytest.mark.parametrize(
    ("theirs", "value", "group", "field", "expected"),
    [
        ("HUGGINGFACE_ACCESS_TOKEN", "hf_1", "models", "hf_token", SecretStr("hf_1")),
        ("HUGGING_FACE_HUB_TOKEN", "hf_1", "models", "hf_token", SecretStr("hf_1")),
        ("API_KEY", "one", "access", "api_keys", (SecretStr("one"),)),
        ("X_API_KEY", "one", "access", "api_keys", (SecretStr("one"),)),
        ("ALLOWED_ORIGIN", "https://a.example", "server", "cors_origins", ("https://a.example",)),
        ("CORS_ALLOW_ORIGINS", "a,b", "server", "cors_origins", ("a", "b")),
        ("CACHE_TTL_HOURS", "3", "caches", "cache_audio_ttl_hours", 3.0),
        ("WHISPER_CACHE_DIR", "/models", "models", "model_cache_dir", Path("/models")),
        ("YTDLP_COOKIES_FILE", "/c.txt", "sources", "cookies_file", Path("/c.txt")),
        ("YTDLP_SLEEP_REQUESTS", "1.0", "sources", "ytdlp_sleep_s", 1.0),
        ("TEMP_DIR", "/scratch", "sources", "work_dir", Path("/scratch")),
        ("MODEL_ID", "nvidia/parakeet-tdt-0.6b-v2", "parakeet", "model", None),
        ("DIARIZATION_MODE", "deferred", "diarization", "mode", "deferred"),
    ],
)
def test_what_means_the_same_is_read_by_its_other_name(
    environment: pytest.MonkeyPatch,
    theirs: str,
    value: str,
    group: str,
    field: str,
    expected: object,
) -> None:
    environment.setenv(theirs, value)
    assert getattr(getattr(Settings(), group), field) == (value if expected is None else expected)


def test_the_first_name_goes_before_others_and_that_is_told(
    environment: pytest.MonkeyPatch,
) -> None:
    environment.setenv("API_KEY", "old")
    environment.setenv("API_KEYS", "new")
    settings = Settings()
    assert settings.access.api_keys == (SecretStr("new"),)
    assert unused_variables(settings) == ["API_KEY is set and not used: API_KEYS goes before it"]


def test_a_file_counts_as_well_and_an_empty_variable_does_not(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("REDIS_URL=redis://a\nLOG_FILE=\n")
    environment.setenv("OUTPUT_DIR", "")
    assert {"REDIS_URL"} == set_variables() & set(OTHER_NAMES)
    [text] = unused_variables(Settings())
    assert text.startswith("REDIS_URL is set and not used")


@pytest.mark.parametrize(
    ("given", "provider"),
    [
        ({}, "embedded"),
        ({"SERVER_API_KEY": "sk-1"}, "openai"),
        ({"SERVER_API_KEY": "sk-ant-1"}, "anthropic"),
        ({"SERVER_API_KEY": "sk-or-v1-1"}, "openrouter"),
        ({"SERVER_API_KEY": "AIza1"}, "google"),
        ({"SERVER_API_URL": "http://localhost:8000/v1"}, "openai_compatible"),
        ({"SERVER_API_URL": "http://a.example/v1", "SERVER_API_KEY": "k"}, "openai_compatible"),
        ({"OPENAI_API_KEY": "sk-1"}, "openai"),
        ({"ANTHROPIC_API_KEY": "k"}, "anthropic"),
        ({"DEEPSEEK_API_KEY": "k", "SERVER_API_KEY": "sk-1"}, "openai"),
        ({"LIBRETRANSLATE_URL": "http://translate:5000"}, "libretranslate"),
        ({"LIBRETRANSLATE_API_KEY": "k"}, "libretranslate"),
        ({"OPENAI_API_KEY": "k", "MISTRAL_API_KEY": "k"}, "embedded"),
        ({"OPENAI_API_KEY": "k", "TRANSLATION_PROVIDER": "embedded"}, "embedded"),
        ({"MISTRAL_API_KEY": "k", "LLM_PROVIDER": "ollama"}, "ollama"),
    ],
)
def test_a_key_chooses_its_provider(
    environment: pytest.MonkeyPatch, given: dict[str, str], provider: str
) -> None:
    for name, value in given.items():
        environment.setenv(name, value)
    settings = Settings()
    assert settings.translation.provider == provider
    chosen = not given or provider in VENDORS or provider == "libretranslate"
    unused = [text.split(" ")[0] for text in unused_variables(settings)]
    if not chosen:
        assert unused == sorted(given.keys() - {"TRANSLATION_PROVIDER"})
    if provider in VENDORS and any("API_KEY" in name for name in given):
        key = main_endpoint(settings).key
        assert key is None or key.get_secret_value() in given.values()
    if len(given) == 1 and "API_KEY" in next(iter(given)) and provider in VENDORS:
        check_endpoint(main_endpoint(settings))


def test_the_start_says_what_is_missing(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("OPENAI_API_KEY", "k")
    environment.setenv("MISTRAL_API_KEY", "k")
    environment.setenv("SERVER_MODEL", "some")
    environment.setenv("TTS_VOICE", "nova")
    environment.setenv("WORKER_POLL_INTERVAL", "5")
    environment.setenv("PARAKEET_MODEL", "v2")
    environment.setenv("MAX_SPEAKERS", "2")
    texts = unused_variables(Settings())
    assert [text.split(" ")[0] for text in texts] == [
        "MAX_SPEAKERS",
        "MISTRAL_API_KEY",
        "OPENAI_API_KEY",
        "PARAKEET_MODEL",
        "SERVER_MODEL",
        "TTS_VOICE",
        "WORKER_POLL_INTERVAL",
    ]
    assert "DIARIZATION_ENABLED is false" in texts[0]
    assert "set it to one of them" in texts[1]
    assert "ASR_ENGINE is whisperx; set it to parakeet" in texts[3]
    assert "set it to openai" in texts[4]


def test_a_key_for_speech_chooses_who_speaks(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TTS_API_KEY", "sk-1")
    environment.setenv("TTS_MODEL", "some")
    settings = Settings()
    assert settings.tts.engine == "openai"
    assert unused_variables(settings) == []
    environment.setenv("TTS_ENGINE", "embedded")
    assert len(unused_variables(Settings())) == 2


def test_a_key_for_the_transcriber_chooses_no_translator(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("WORKER_PROVIDER", "openai")
    environment.setenv("OPENAI_API_KEY", "k")
    settings = Settings()
    assert (settings.asr.engine, settings.translation.provider) == ("openai", "embedded")
    assert unused_variables(settings) == []


def test_settings_of_other_roles_and_engines_are_told(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("TRANSCRIPTION_ENDPOINT_ID", "abc")
    environment.setenv("RUNPOD_API_KEY", "k")
    environment.setenv("AUDIO_API_API_KEY", "k")
    texts = unused_variables(Settings())
    assert texts == [
        "AUDIO_API_API_KEY is set and not used: ASR_ENGINE is whisperx; set it to openai",
        "TRANSCRIPTION_ENDPOINT_ID is set and not used: ROLE is all; set it to orchestrator",
    ]
    environment.setenv("ROLE", "orchestrator")
    environment.delenv("AUDIO_API_API_KEY")
    assert unused_variables(Settings()) == []


def test_what_is_in_use_is_not_told(environment: pytest.MonkeyPatch) -> None:
    for name, value in {
        "TRANSLATION_PROVIDER": "lmstudio",
        "OLLAMA_CONCURRENT_REQUESTS": "4",
        "SERVER_MODEL": "qwen",
        "FALLBACK_PROVIDER": "anthropic",
        "ANTHROPIC_API_KEY": "k",
        "ASR_ENGINE": "parakeet",
        "MODEL_ID": "v2",
        "ENABLE_DIARIZATION": "true",
        "MIN_SPEAKERS": "2",
        "HUGGINGFACE_ACCESS_TOKEN": "hf_1",
        "RUNPOD_POD_ID": "p",
    }.items():
        environment.setenv(name, value)
    assert unused_variables(Settings()) == []
