"""``python -m app`` is the command `cuestream`."""

from app.cli.main_command import main

if __name__ == "__main__":
    main()
