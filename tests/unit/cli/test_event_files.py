"""Events from files, good and bad."""

from collections.abc import Callable
from pathlib import Path

import pytest

from onsale.cli import event_files
from onsale.cli.event_files import read_events
from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError

Write = Callable[[str, str], str]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(name: str, content: str) -> str:
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        return str(path)

    return write


def read(*paths: str) -> list[tuple[str, object]]:
    return [(Path(form.source).name, form.content.get("name")) for form in read_events(paths)]


def test_one_event_in_either_language(write: Write) -> None:
    assert read(write("a.yaml", "name: A\nhold_seconds: 60")) == [("a.yaml", "A")]
    assert read(write("b.json", '{"name": "B"}')) == [("b.json", "B")]


def test_lists_and_several_documents_are_numbered(write: Write) -> None:
    listed = write("l.yaml", "- name: A\n- name: B\n")
    streamed = write("s.yml", "name: C\n---\n- name: D\n- name: E\n---\n")
    assert read(listed, streamed) == [
        ("l.yaml#1", "A"),
        ("l.yaml#2", "B"),
        ("s.yml#1", "C"),
        ("s.yml#2", "D"),
        ("s.yml#3", "E"),
    ]


def test_a_directory_is_read_in_order_and_other_files_are_left(
    write: Write, tmp_path: Path
) -> None:
    write("halls/b.yaml", "name: B")
    write("halls/a.json", '{"name": "A"}')
    write("halls/notes.txt", "nothing")
    assert read(str(tmp_path / "halls")) == [("a.json", "A"), ("b.yaml", "B")]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.yaml", "name: [", "a.yaml: while parsing"),
        ("a.json", '{"name": ', "a.json: Expecting value"),
        ("a.yaml", "just words", "an event is a mapping"),
        ("a.yaml", "- name: A\n- 7\n", "a.yaml#2: an event is a mapping"),
        ("a.yaml", "", "no event stands in there"),
        ("a.yaml", "name: !!python/object/apply:os.getcwd []", "could not determine a constructor"),
        ("a.yaml", "a: &a [x]\nname: *a\n", "aliases (*name) are not taken"),
        ("a.yaml", "[" * 5_000, "a.yaml: "),
        ("a.json", "[" * 5_000, "a.json: "),
    ],
)
def test_a_file_that_is_none_is_said_before_anything_is_done(
    write: Write, name: str, content: str, said: str
) -> None:
    good = write("good.yaml", "name: Good")
    with pytest.raises(CommandFailedError) as failure:
        read_events([good, write(name, content)])
    assert said in str(failure.value) or said in str(failure.value).rpartition("/")[2]
    assert failure.value.code is ExitCode.MISUSED
    assert "\n" not in str(failure.value)


def test_what_is_not_there_or_not_text_is_said(write: Write, tmp_path: Path) -> None:
    with pytest.raises(CommandFailedError, match="No such file"):
        read_events([str(tmp_path / "nothing.yaml")])
    binary = tmp_path / "b.yaml"
    binary.write_bytes(b"\xff\xfe")
    with pytest.raises(CommandFailedError, match="not UTF-8"):
        read_events([str(binary)])


def test_more_than_anybody_means_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("a.yaml", "- name: A\n- name: B\n")
    monkeypatch.setattr(event_files, "EVENTS_MAX", 1)
    with pytest.raises(CommandFailedError, match="more than 1 events"):
        read_events([path])
    monkeypatch.setattr(event_files, "FILE_BYTES_MAX", 4)
    with pytest.raises(CommandFailedError, match="more than 0 MB"):
        read_events([path])
