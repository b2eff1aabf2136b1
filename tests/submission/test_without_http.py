"""A worker or a command line starts jobs without an HTTP framework."""

import subprocess
import sys

from tests.server import ROOT

PROGRAM = """
import sys
import app.container, app.submission.submit
print({"fastapi", "starlette", "sse_starlette", "uvicorn"} & set(sys.modules))
"""


def test_submission_and_container_load_no_http_framework() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
