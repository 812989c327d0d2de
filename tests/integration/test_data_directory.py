"""What a data directory leaves behind."""

from pathlib import Path

import pytest

from onsale.platform.embedded.data_directory import DataDirectory


def test_a_directory_that_was_made_and_stays_empty_goes_again(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "new" / "data")
    directory.acquire()
    assert directory.records.is_dir()
    directory.release()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["secrets.json", "logs/postgres.log"])
def test_what_was_written_is_kept(tmp_path: Path, name: str) -> None:
    directory = DataDirectory(tmp_path / "new" / "data")
    directory.acquire()
    file = directory.path / name
    file.parent.mkdir(exist_ok=True)
    file.touch()
    directory.release()
    assert file.exists()


def test_a_directory_that_was_there_is_kept_even_empty(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path)
    directory.acquire()
    directory.release()
    assert tmp_path.is_dir()


def test_what_others_put_beside_it_is_kept(tmp_path: Path) -> None:
    directory = DataDirectory(tmp_path / "new" / "data")
    directory.acquire()
    (tmp_path / "new" / "other").touch()
    directory.release()
    assert [each.name for each in (tmp_path / "new").iterdir()] == ["other"]
