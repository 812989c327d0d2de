"""The Dockerfile, as far as it can be judged without an engine."""

import re

import pytest

from tests.support.deployment import PROJECT

DOCKERFILE = (PROJECT / "Dockerfile").read_text()


def _instructions(name: str) -> list[str]:
    text = DOCKERFILE.replace("\\\n", " ")
    return [line.split(maxsplit=1)[1] for line in text.splitlines() if line.startswith(f"{name} ")]


def test_it_ends_as_nobody_in_particular_without_a_shell_around_the_command() -> None:
    assert re.fullmatch(r"[1-9]\d{3,}:[1-9]\d{3,}", _instructions("USER")[-1])
    assert _instructions("ENTRYPOINT") == ['["onsale"]']


def test_its_base_is_an_exact_version() -> None:
    (image,) = _instructions("ARG")
    assert re.fullmatch(r"PYTHON_IMAGE=python:3\.\d+\.\d+-slim-[a-z]+", image)
    assert all(each.startswith("${PYTHON_IMAGE}") for each in _instructions("FROM"))


def test_what_it_copies_is_there_and_is_sent_to_the_engine() -> None:
    allowed = {
        line[1:]
        for line in (PROJECT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    sources = {
        source
        for copy in _instructions("COPY")
        if not copy.startswith("--from")
        for source in copy.split()[:-1]
    }
    assert sources == allowed
    assert all((PROJECT / source).exists() for source in sources)


def test_nothing_is_sent_to_the_engine_but_what_is_named() -> None:
    rules = [
        line
        for line in (PROJECT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    # The first leaves everything out, secrets and histories too; a later one of its kind would win.
    assert rules[0] == "*"
    assert rules.count("*") == 1


@pytest.mark.parametrize("lock", ["runtime", "build"])
def test_every_package_is_checked_against_its_hash(lock: str) -> None:
    assert f"pip install --require-hashes -r requirements/{lock}.txt" in DOCKERFILE
    packages = (PROJECT / f"requirements/{lock}.txt").read_text()
    assert packages.count("\n    --hash=") >= packages.count("==") > 0
