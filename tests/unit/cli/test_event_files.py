"""Events from files, good and bad."""

import io
import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from onsale.cli import event_documents, event_files
from onsale.cli.event_documents import loader_class
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
        ("a.yaml", "description: !!bool maybe", "'maybe' is no bool"),
        ("a.yaml", 'description: !!int ""', "'' is no int"),
        ("a.yaml", "starts_at: !!timestamp foo", "'foo' is no timestamp"),
        ("a.yaml", "starts_at: 2031-02-30", "'2031-02-30' is no timestamp"),
        ("a.yaml", "name: A\nname: B\n", "'name' stands there twice"),
        ("a.yaml", "name: A\nhall: {rows: 1, cols: 1, rows: 2}", "'rows' stands there twice"),
        ("a.json", '{"name": "A", "name": "B"}', "'name' stands there twice"),
        ("a.json", '{"name": NaN}', "NaN is no number of JSON"),
        ("a.yaml", "- " * 5_000, "nested too deeply"),
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


@pytest.mark.parametrize("name", ["a.json", "a.yaml"])
def test_json_is_read_as_json_wherever_it_stands(write: Write, name: str) -> None:
    masks = "\N{PERFORMING ARTS}"
    assert read(write(name, json.dumps({"name": masks}))) == [(name, masks)]
    assert "\\ud83c" in json.dumps(masks)
    assert read(write(name, '{\n\t"name": "A"\n}')) == [(name, "A")]
    assert read(write(name, '\ufeff{"name": "A"}')) == [(name, "A")]


def test_json_by_stdin_is_read_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    said = b'{"name": "\\ud83c\\udfad",\t"hold_seconds": 60}'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(said)))
    assert read("-") == [("-", "\N{PERFORMING ARTS}")]


def test_what_is_neither_json_nor_yaml_is_told_of_both(write: Write) -> None:
    with pytest.raises(CommandFailedError, match=r"neither JSON \(Expecting .* nor YAML \("):
        read_events([write("a.yaml", '{"name": "A",\n\t: "B"]')])


@pytest.mark.parametrize("is_fast", [True, False])
def test_yaml_means_the_same_with_and_without_libyaml(*, is_fast: bool) -> None:
    loader = loader_class(is_fast=is_fast)
    text = "name: A\nlist: [1, 2.5, yes]\nwhen: 2031-05-01T10:00:00Z\n"
    found = {"name": "A", "list": [1, 2.5, True], "when": datetime(2031, 5, 1, 10, tzinfo=UTC)}
    assert list(yaml.load_all(text, Loader=loader)) == [found]
    for bad in ("a: &x 1\nb: *x", "a: 1\na: 2", "a: !!bool maybe"):
        with pytest.raises(yaml.YAMLError):
            list(yaml.load_all(bad, Loader=loader))


def test_what_a_directory_holds_besides_is_told_or_left(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write("halls/Upper.YAML", "name: A")
    os.mkfifo(tmp_path / "halls" / "b.yaml")
    (tmp_path / "halls" / "sub").mkdir()
    assert read(str(tmp_path / "halls")) == [("Upper.YAML", "A")]
    assert "sub is left out" in " ".join(capsys.readouterr().err.split())


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


def test_no_more_of_stdin_is_read_than_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_files, "FILE_BYTES_MAX", 4)
    stdin = io.BytesIO(b"name: " + b"A" * 1_000)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(stdin))
    with pytest.raises(CommandFailedError, match="more than 0 MB"):
        read_events(["-"])
    assert stdin.tell() == 5


def test_yaml_that_would_take_minutes_is_refused_and_json_is_not(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_documents, "YAML_BYTES_MAX", 8)
    assert read(write("a.json", '{"name": "A"}')) == [("a.json", "A")]
    assert read(write("a.yaml", '{"name": "A"}')) == [("a.yaml", "A")]
    with pytest.raises(CommandFailedError, match="JSON may be more"):
        read_events([write("b.yaml", "name: Opera")])
