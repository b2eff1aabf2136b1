"""The table of the contract's tests in this folder's README against the tests that there are."""

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
NUMBERS = range(1, 39)
OF_OTHER_CLIENTS = {path.name for path in Path(__file__).parent.glob("test_openai_*.py")}
OF_OTHER_CLIENTS |= {"test_bazarr_contract.py", "test_front_ends.py", "test_realtime.py"}
OF_OTHER_CLIENTS |= {"test_wyoming.py", "test_runpod_clients.py", "test_realtime_guides.py"}
"""Their numbers are those of another contract."""

BY_THE_CLIENT = {1, 2, 5, 11, 12, 13, 36}
"""Those that the contract wants seen by a client of the extension's kind."""


def numbers_of(name: str) -> Iterator[int]:
    """Yield a test's numbers: ``test_25_and_26_...`` has two, ``test_runpod_03_...`` none."""
    for word in name.removeprefix("test_").split("_"):
        if word.isdecimal() and len(word) == 2:
            yield int(word)
        elif word != "and":
            return


def there() -> dict[int, set[str]]:
    """Return the files with tests of each number, as the table writes them."""
    found: dict[int, set[str]] = defaultdict(set)
    for path in TESTS.rglob("test_*.py"):
        for name in re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE):
            for number in numbers_of(name):
                if path.name not in OF_OTHER_CLIENTS:
                    found[number].add(path.relative_to(TESTS).as_posix())
    return found


def told() -> dict[int, set[str]]:
    """Return what the table says: the files of each number."""
    readme = (TESTS / "clients" / "README.md").read_text()
    rows = re.findall(r"^\| (\d+) \|.*\| ([^|]*) \|$", readme, re.MULTILINE)
    assert len({number for number, _ in rows}) == len(rows), "a number has two rows"
    return {int(number): set(re.findall(r"`([^`]+)`", files)) for number, files in rows}


def test_every_number_has_a_row_and_a_test() -> None:
    assert list(told()) == list(NUMBERS)
    assert set(there()) == set(NUMBERS)
    for number in BY_THE_CLIENT:
        assert any(file.startswith("clients/") for file in there()[number]), number


@pytest.mark.parametrize("number", NUMBERS)
def test_the_files_of_a_row_have_its_tests(number: int) -> None:
    assert told()[number]
    assert told()[number] <= there()[number]
    mine = {file for file in there()[number] if file.startswith("clients/test_extension")}
    assert mine <= told()[number], "a test of this folder is not in the table"
