// What helps the reader against an error, by its code.

import { t } from "./i18n.js";

const CODES = {
  help_sound: ["no_speech"],
  help_address: ["url_blocked"],
  help_file: ["media_empty", "media_unreadable", "media_truncated", "media_forbidden", "media_error", "captions_unreadable"],
  help_long: ["media_too_long", "payload_too_large", "resource_limit", "output_too_large", "text_too_complex", "execution_timeout"],
  help_site: ["source_failed", "source_unsupported", "source_removed", "source_encoding", "source_too_slow"],
  help_login: ["source_private", "source_login_required", "source_age_restricted", "source_bot_check", "source_geo_blocked", "source_drm"],
  help_broadcast: ["source_live"],
  help_later: ["overloaded", "rate_limited", "not_ready", "server_shutdown", "timed_out", "job_interrupted", "job_expired", "source_rate_limited",
    "translation_failed", "translation_incomplete", "out_of_memory", "unreachable"],
  help_operator: ["engine_failed", "engine_unavailable", "remote_engine_failed", "remote_engine_auth", "translation_auth", "translation_quota",
    "transcription_disabled", "speech_unavailable"],
  help_again: ["job_not_found"],
};
const KEYS = new Map(Object.entries(CODES).flatMap(([key, codes]) => codes.map((code) => [code, key])));

/** What to do about an error, in the reader's language; null where there is nothing to say. */
export const helpOf = (code) => (KEYS.has(code) ? t(KEYS.get(code)) : null);
