"""Runs the extension's client under Node and returns what its pages were shown."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def run_extension(call: str, limit_s: float = 120, **options: Any) -> Any:
    """Run one call of ``extension.mjs``.

    Args:
        call: its name there.
        limit_s: longest that Node may take.
        options: what the call is given.
    """
    command = ["node", str(HERE / "extension.mjs"), call, json.dumps(options)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit_s, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
