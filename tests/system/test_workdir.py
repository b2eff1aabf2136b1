import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.errors import StorageError
from app.system.workdir import WorkDir

OWNER = """
import sys, time
from pathlib import Path
from app.system.workdir import WorkDir
workdir = WorkDir.open(Path(sys.argv[1]))
workdir.new_file(".media").write_bytes(b"x" * 1000)
print(workdir.path, flush=True)
time.sleep(60)
"""


def start_owner(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(parent)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    return process, Path(process.stdout.readline().strip())


def test_files_are_private_and_go_with_the_folder(tmp_path: Path) -> None:
    with WorkDir.open(tmp_path) as workdir:
        path = workdir.new_file(".wav")
        assert path.parent == workdir.path
        assert path.suffix == ".wav"
        assert path.parent.parent == tmp_path / "cuestream"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(workdir.path.stat().st_mode) == 0o700
        assert workdir.new_file(".wav") != path
    assert not workdir.path.exists()


def test_folder_of_a_killed_process_goes_at_the_next_start(tmp_path: Path) -> None:
    owner, folder = start_owner(tmp_path)
    os.kill(owner.pid, signal.SIGKILL)
    owner.wait()
    assert len(list(folder.glob("*.media"))) == 1
    with WorkDir.open(tmp_path):
        assert not folder.exists()


def test_folder_of_a_living_process_stays(tmp_path: Path) -> None:
    owner, folder = start_owner(tmp_path)
    try:
        with WorkDir.open(tmp_path), WorkDir.open(tmp_path):
            assert len(list(folder.glob("*.media"))) == 1
    finally:
        owner.kill()
        owner.wait()


def test_child_processes_do_not_keep_the_folder(tmp_path: Path) -> None:
    workdir = WorkDir.open(tmp_path)
    child = subprocess.Popen(["sleep", "60"], close_fds=False)
    try:
        workdir._lock.close()  # as if this process had died while its child lives on
        with WorkDir.open(tmp_path):
            assert not workdir.path.exists()
    finally:
        child.kill()
        child.wait()


def test_what_is_not_a_folder_of_ours_stays(tmp_path: Path) -> None:
    stranger = tmp_path / "cuestream" / "notes.txt"
    stranger.parent.mkdir()
    stranger.write_text("mine")
    with WorkDir.open(tmp_path):
        assert stranger.read_text() == "mine"


def test_a_parent_that_is_a_file_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="Temporary storage failed") as caught:
        WorkDir.open(tmp_path / "file")
    assert str(tmp_path) not in caught.value.message


def test_a_vanished_folder_is_a_storage_error(tmp_path: Path) -> None:
    workdir = WorkDir.open(tmp_path)
    workdir.close()
    with pytest.raises(StorageError):
        workdir.new_file()
    with pytest.raises(StorageError):
        workdir.new_folder()
