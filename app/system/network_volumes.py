"""Folders on volumes that other machines share."""

from __future__ import annotations

import os
import re
from pathlib import Path

_SHARED = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "ceph", "lustre", "gpfs", "glusterfs", "9p", "afs"}
    | {"beegfs", "gfs2", "ocfs2", "virtiofs", "fuse"}
)
"""Types of file systems; all of those in user space count, ``fuse.mfs`` or ``fuse.s3fs`` too,
except what containers have as their own root. Source: proc(5), mountinfo."""

_LOCAL_FUSE = frozenset({"fuse.fuse-overlayfs", "fuseblk"})

_ESCAPE = re.compile(r"\\([0-7]{3})")


def on_network_volume(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Whether a folder, which need not exist, lies on a volume that other machines may share.

    Args:
        folder: any.
        mounts: the kernel's list of what is mounted.
    """
    place = os.path.realpath(folder)
    try:
        lines = mounts.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    best, kind = "", ""
    for line in lines:
        head, _, tail = line.partition(" - ")
        fields = head.split(" ")
        if len(fields) < 5 or not tail:
            continue
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), fields[4])
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, tail.split(" ")[0]
    return kind not in _LOCAL_FUSE and kind.partition(".")[0] in _SHARED
