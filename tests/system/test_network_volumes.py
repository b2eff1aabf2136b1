"""Which folders lie on volumes that other machines share."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.system.network_volumes import on_network_volume

MOUNTS = """\
22 1 0:20 / / rw,relatime - overlay overlay rw
23 22 0:21 / /runpod-volume rw - fuse.juicefs JuiceFS rw
24 22 0:22 / /mnt/two\\040words rw - nfs4 server:/x rw
25 24 0:23 / /mnt/two\\040words/local rw - ext4 /dev/sda rw
26 22 0:24 / /rootless rw - fuse.fuse-overlayfs none rw
broken line
"""


@pytest.mark.parametrize(
    ("folder", "shared"),
    [
        ("/home/user/.cache", False),
        ("/runpod-volume/cuestream", True),
        ("/runpod-volume", True),
        ("/runpod-volume-other", False),
        ("/mnt/two words/jobs", True),
        ("/mnt/two words/local/jobs", False),
        ("/rootless/cache", False),
    ],
)
def test_the_innermost_mount_decides(tmp_path: Path, folder: str, shared: bool) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert on_network_volume(Path(folder), mounts) is shared
    assert not on_network_volume(Path(folder), tmp_path / "missing")
