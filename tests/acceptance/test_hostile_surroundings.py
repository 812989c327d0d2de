"""Commands whose input, environment, output or service is not what it should be."""

from pathlib import Path

from tests.support.onsale_up import run_onsale

NOWHERE = "http://127.0.0.1:1"


def test_neither_a_token_nor_a_password_in_an_address_is_shown(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text('[{"name": "A"}, {"name": "B"}]')
    for token in ("eyJhidden\nword", "eyJhidden-w\xf6rd"):
        environment = {"ONSALE_TOKEN": token, "ONSALE_URL": NOWHERE}
        for command in (("user", "whoami"), ("event", "create", str(file)), ("top", "--once")):
            run = run_onsale(*command, environment=environment, cwd=tmp_path)
            assert (run.returncode, run.stdout) == (2, "")
            assert "ONSALE_TOKEN holds no token" in run.stderr
            assert "hidden" not in run.stderr
            assert run.stderr.count("\n") == 1
    run = run_onsale("event", "list", "--url", "http://ada:hidden-word@127.0.0.1:1", cwd=tmp_path)
    assert run.returncode == 4
    assert "http://ada:********@127.0.0.1:1 cannot be reached" in run.stderr
