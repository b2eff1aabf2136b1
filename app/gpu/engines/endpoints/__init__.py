"""Transcriber and diarizer of workers elsewhere, which an orchestrator calls."""

from app.gpu.engines.endpoints.endpoint_diarizer import EndpointDiarizer as EndpointDiarizer
from app.gpu.engines.endpoints.endpoint_transcriber import (
    EndpointTranscriber as EndpointTranscriber,
)
