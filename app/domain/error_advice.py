"""What helps against each error, for the terminal and the docs site's page of errors."""

from __future__ import annotations

from collections.abc import Mapping

_LOGIN = "give the server the cookies of an account that may see it; docs/sites.md says how"
_LATER = "try again later; a higher MAX_JOBS of the server, or more workers, make it rarer"
_LOG = "the server's log says why, under the answer's X-Request-ID"
_SPEAK = "send it again; if it stays, another voice or TTS_ENGINE may speak it"

ADVICE: Mapping[str, str] = {
    # The request.
    "invalid_request": "compare it with the route's example in docs/api.md",
    "invalid_field": "the text names the field; /docs of the server shows what it may hold",
    "repeated_field": "send the field once; a list is one value with commas",
    "several_sources": "send one of url, video_id, upload_id, captions and a file",
    "invalid_language": "a language model translates all languages: set TRANSLATION_PROVIDER and "
    "its key where the server runs",
    "invalid_audio_track": "number the tracks of sound from 0, or leave audio_track out",
    "invalid_format": "the text lists the formats; docs/formats.md describes them",
    "invalid_profile": "the text lists the profiles; docs/layout.md describes them",
    "captions_unreadable": "open the file in a player: it has to be subtitles, with text and times",
    "text_too_complex": "divide the file into several, or take away styles and deep nesting",
    "url_blocked": "name a public http(s) address; ALLOW_PRIVATE_URLS of the server allows others",
    "option_unavailable": "leave the option out, or enable its step where the server runs",
    "operation_unavailable": "leave the operation out, or ask a server that offers it",
    "store_not_configured": "set S3_BUCKET_NAME and its keys where the server runs",
    "not_acceptable": "leave Accept out, or name one of the types that the text lists",
    "unsupported_body": "send JSON or a form, with the Content-Type of that, and not compressed",
    "idempotency_conflict": "use a new Idempotency-Key for another job",
    "payload_too_large": "MAX_UPLOAD_MB of the server allows larger files",
    "headers_too_large": "move long values from the address or its headers into the body",
    "request_timeout": "send the body without pauses, or a large file in parts by /api/uploads",
    # Access.
    "unauthorized": "give the server's key by --key or CUESTREAM_API_KEY",
    "upgrade_required": "ask for what the tier allows, or have the key's tier raised",
    "transcription_disabled": "send captions, or set ENABLE_WHISPER=true where the server runs",
    "link_invalid": "take the link as the job's result shows it, whole",
    "link_expired": "ask for the job's result again: it shows a fresh link",
    "rate_limited": "wait as long as Retry-After says, or ask for a key with higher limits",
    # What is not there.
    "not_found": "check the address; docs/api.md lists the routes",
    "job_not_found": "send the request again: a server forgets a job after JOB_GRACE_S",
    "upload_not_found": "begin the upload anew: an unfinished one is removed after a while",
    "file_not_found": "do the job again: stored files are removed for age or want of room",
    "no_captions": "ask for a language that the answer lists, or have the sound transcribed",
    "model_not_found": "ask for a model of the list at /v1/models",
    "audio_not_stored": "do the job again, or send the recording along",
    "media_not_stored": "open the file yourself; a server keeps what it fetched for "
    "CACHE_AUDIO_TTL_HOURS, once all of it has come",
    # Edits of cues.
    "edit_failed": "load the cues again, and send the edits of those",
    "edits_changed": "load the cues again: somebody else has edited them meanwhile",
    "if_match_required": "send If-Match with the ETag that came with the cues",
    "job_unfinished": "wait until the job has ended",
    # Media.
    "media_empty": "check the file: nothing came; a path in a form needs curl's @",
    "media_unreadable": "play the file; ffmpeg -i FILE says what is wrong with it",
    "media_truncated": "fetch the file again, whole; an MP4 without its end has no index",
    "media_forbidden": "send the recording itself, not a playlist that names other files",
    "media_too_long": "MAX_DURATION_S of the server allows longer media",
    "media_mismatch": "check that text and recording belong together and are of one language",
    "media_error": "convert it: ffmpeg -i FILE -c:v libx264 -c:a aac talk.mp4",
    "picture_too_large": "make the picture smaller: ffmpeg -i FILE -vf scale=1920:-2 small.png",
    "ffmpeg_failed": "the text has ffmpeg's reason; try the file by itself, then the options",
    "no_speech": "nobody speaks in the track that was heard; --field audio_track=N hears another",
    "resource_limit": "divide the input: one job may take only so much memory and time",
    "output_too_large": "ask for fewer formats, or for files in a store rather than in the answer",
    # Uploads in parts.
    "upload_failed": "ask for the offset by HEAD and go on from there",
    "upload_offset": "go on at the offset that the answer tells",
    "upload_locked": "wait until the other part is written or its connection has ended",
    "upload_incomplete": "send the missing parts first; HEAD tells the offset",
    "upload_version": "send Tus-Resumable: 1.0.0",
    "checksum_mismatch": "send the part again: it was damaged on its way",
    # Sites.
    "source_failed": "open the address in a browser; scripts/update-ytdlp.sh helps when a site "
    "has changed",
    "source_private": f"the video is private: {_LOGIN}",
    "source_geo_blocked": "ask a server in a country where the video is shown, or send the file",
    "source_age_restricted": _LOGIN,
    "source_bot_check": "the site refuses the server's address; docs/sites.md says what helps",
    "source_login_required": "the site wants a login; docs/sites.md says what helps",
    "source_removed": "check the address: the video is gone or never was there",
    "source_live": "wait until the broadcast has ended and its recording is there",
    "source_rate_limited": "wait some minutes; docs/sites.md says what makes it rarer",
    "source_unsupported": "name the page of one video, or the media file itself",
    "source_encoding": "send the file: the site compresses it in a way that nobody asked for",
    "source_too_slow": "try again, or fetch the file yourself and send it",
    "source_drm": "protected media cannot be read; send a recording of your own",
    # Translation and engines.
    "translation_failed": "try again; a second provider as a fallback makes it rarer",
    "translation_auth": "SERVER_API_KEY of the server is not a key of its translation provider",
    "translation_quota": "the account of the server's translation provider has no credit left",
    "translation_budget": "raise the job's budget, or translate fewer languages or a shorter part",
    "translation_incomplete": "try again: lines that are translated are not paid for twice",
    "engine_failed": _LOG,
    "engine_unavailable": "`cuestream doctor` on the server's machine says what is missing",
    "remote_engine_failed": "check that the server which the engine calls runs",
    "remote_engine_auth": "check the key of the server which the engine calls",
    "out_of_memory": "try again; a smaller WHISPER_MODEL or another GPU needs less",
    "speech_unavailable": "install espeak-ng where the server runs, or set TTS_ENGINE",
    "speech_failed": _SPEAK,
    "speech_timeout": _SPEAK,
    "speech_silent": _SPEAK,
    "speech_truncated": _SPEAK,
    # The server's state.
    "overloaded": _LATER,
    "not_ready": "wait while the models load; /health says what fails",
    "server_shutdown": "ask again: another worker answers, or this one once it has started",
    "timed_out": "follow the job by /api/stream, or ask for its id: it goes on meanwhile",
    "cancelled": "send the request again, and stay connected or follow the job by its id",
    "job_interrupted": "send the request again: windows that were heard are not heard again",
    "job_expired": _LATER,
    "execution_timeout": "divide the recording, or raise the limit of the job",
    "claim_lost": "nothing: another worker finishes the document",
}
"""Advice by code. Codes without one are defects or the operator's: the server's log tells more."""
