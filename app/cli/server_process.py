"""``python -P -m app.cli.server_process CONFIGURATION``: gunicorn with this program.

gunicorn searches the current folder first; this package is imported ahead of that, so a folder
`app` of the user's is not taken for it.
"""

from __future__ import annotations

import sys

from gunicorn.app.wsgiapp import run

if __name__ == "__main__":
    sys.argv = ["gunicorn", "-c", sys.argv[1]]
    run()
