"""Settings of the command `cuestream`."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from app.settings.group import Group, config, names


class TerminalSettings(Group):
    """The command `cuestream` in a terminal."""

    server: str = Field("", validation_alias=names("CUESTREAM_SERVER"))
    """Address of the server that the command asks. Unless set, it starts one of its own on this
    machine and ends it again."""
    key: SecretStr | None = Field(None, validation_alias=names("CUESTREAM_API_KEY"))
    """Key for that server."""
    state_dir: Path = Field(
        Path("~/.local/state/cuestream"), validation_alias=names("CUESTREAM_STATE_DIR")
    )
    """Folder in which the command remembers jobs that were interrupted, so that the next run goes
    on with them."""

    model_config = config()

    @property
    def state_folder(self) -> Path:
        """The folder of what is remembered, whether or not it exists."""
        return self.state_dir.expanduser()
