"""Pure values: time, audio, transcript, cue, language, request, events, errors."""
