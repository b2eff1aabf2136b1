"""What the health page says of a GPU; the driver is stood in for, since few machines have one."""

from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from app.gpu.device import GpuInfo
from app.gpu.loaded_engines import EngineStatus
from app.main import create_app
from app.routers import health_routes
from app.settings import Settings


@pytest.mark.parametrize("device", ["cuda", "cpu"])
def test_the_card_is_shown_when_the_transcriber_runs_on_it(
    monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    settings = Settings()
    app = create_app(settings)
    app.state.services = SimpleNamespace(
        settings=settings,
        readiness=SimpleNamespace(
            stalled=None,
            loaded=True,
            failure=None,
            state="ready",
            engine_manager=SimpleNamespace(report=lambda: None),
            statuses=[EngineStatus("transcriber", "whisperx", "ready", device, "large-v3")],
        ),
        runner=SimpleNamespace(running=[]),
        streams=SimpleNamespace(readers=0),
        live_places=SimpleNamespace(taken=0),
    )
    monkeypatch.setattr(
        health_routes, "gpu_info", lambda _: GpuInfo("NVIDIA L4", 24 * 2**30, 20 * 2**30)
    )
    body = TestClient(app).get("/health").json()
    shown = {"name": "NVIDIA L4", "total_bytes": 24 * 2**30, "free_bytes": 20 * 2**30}
    assert body["gpu"] == (shown if device == "cuda" else None)
