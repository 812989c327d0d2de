"""The audit fails on a known vulnerability, and never takes ignorance for soundness."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

AUDIT = Path(__file__).parents[2] / ".ci" / "audit.py"
HASH = "0" * 64
REQUIREMENTS = f"sound==1.0 --hash=sha256:{HASH}\nshaky==2.0 --hash=sha256:{HASH}\n"


class Advisories(BaseHTTPRequestHandler):
    """Answers as an OSV service does."""

    of: ClassVar[dict[str, str]] = {}

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        name = asked["package"]["name"]
        found = {"vulns": [self._advisory(name)]} if name in self.of else {}
        body = json.dumps(found).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _advisory(self, name: str) -> dict[str, object]:
        fixed = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "2.1"}]}
        package = {"name": name, "ecosystem": "PyPI"}
        return {"id": self.of[name], "affected": [{"package": package, "ranges": [fixed]}]}

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def service() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Advisories) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        thread.join()


def audit(tmp_path: Path, url: str, *options: str) -> subprocess.CompletedProcess[str]:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(REQUIREMENTS)
    return subprocess.run(
        [sys.executable, AUDIT, requirements, *options],
        env={**os.environ, "ONSALE_OSV_URL": url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_a_known_vulnerability_fails(
    tmp_path: Path, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Advisories, "of", {"shaky": "PYSEC-2026-1"})

    run = audit(tmp_path, service)

    assert run.returncode == 1, run.stdout + run.stderr
    assert "shaky 2.0: PYSEC-2026-1, fixed in 2.1" in run.stdout
    assert "1 of 2 packages" in run.stdout


def test_packages_without_an_advisory_are_sound(tmp_path: Path, service: str) -> None:
    run = audit(tmp_path, service, "--required")

    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout == "audit: 2 packages, no known vulnerability\n"


@pytest.mark.parametrize(("options", "status"), [((), 0), (("--required",), 2)])
def test_without_data_it_says_that_nothing_was_audited(
    tmp_path: Path, options: tuple[str, ...], status: int
) -> None:
    run = audit(tmp_path, "http://127.0.0.1:9/v1/query", *options)

    assert run.returncode == status, run.stdout + run.stderr
    assert "NOT AUDITED: no vulnerability data" in run.stdout
    assert "no known vulnerability" not in run.stdout
