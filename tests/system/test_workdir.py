import os
import signal
import stat
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from app.container import build_services
from app.domain.errors import StorageError
from app.settings import CacheSettings, Settings, SourceSettings
from app.system.private_folders import check_separate
from app.system.workdir import WorkDir, work_home

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
        assert path.parent.parent == tmp_path / "cuestream-work"
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
    home = tmp_path / "cuestream-work"
    kept = [home / name for name in ("notes.txt", "v1/windows/ab/abc", "uploads/x", "work-1/mine")]
    kept.append(home / "other" / ".lock")
    for path in kept:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    with WorkDir.open(tmp_path):
        pass
    assert all(path.read_text() == "mine" for path in kept)


def test_a_link_in_place_of_a_folder_of_ours_is_not_followed(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / ".cuestream-work").write_text("")
    (other / "precious").write_text("mine")
    home = tmp_path / "cuestream-work"
    home.mkdir()
    (home / "work-link").symlink_to(other)
    with WorkDir.open(tmp_path):
        pass
    assert (other / "precious").exists()


def test_a_link_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "cuestream-work").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StorageError, match=r"is a link.*set WORK_DIR"):
        WorkDir.open(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "cuestream-work"
    home.mkdir()
    os.chown(home, 12345, 12345)
    with pytest.raises(StorageError, match="belongs to another user: set WORK_DIR"):
        WorkDir.open(tmp_path)


def test_a_folder_that_others_could_read_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "cuestream-work"
    home.mkdir()
    home.chmod(0o777)
    with WorkDir.open(tmp_path):
        assert stat.S_IMODE(home.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    ("work", "cache"),
    [("", "cuestream-work"), ("v1", ""), ("uploads", ""), ("v1/windows", "")],
)
def test_folders_in_one_another_are_refused(tmp_path: Path, work: str, cache: str) -> None:
    settings = Settings.model_validate(
        {
            "sources": SourceSettings(work_dir=tmp_path / work),
            "caches": CacheSettings(cache_dir=tmp_path / cache),
        }
    )
    with pytest.raises(StorageError, match=r"set .*WORK_DIR"):
        build_services(settings, AsyncExitStack())


def test_one_volume_for_everything_loses_nothing(tmp_path: Path) -> None:
    cache = tmp_path / "cuestream"  # as it is by default on a network volume
    check_separate({"WORK_DIR": work_home(tmp_path), "a": cache / "v1", "b": cache / "uploads"})
    check_separate({"WORK_DIR": work_home(cache), "a": cache / "v1", "b": cache / "uploads"})


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
