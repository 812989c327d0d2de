"""Certificates that nobody trusts who is not told to."""

import ssl
import subprocess
from pathlib import Path


def self_made_certificate(path: Path, names: str) -> Path:
    """One for ``names`` (``DNS:…`` or ``IP:…``, comma separated), in a file with its key."""
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=self-made", "-addext"),
            *(f"subjectAltName={names}", "-keyout", path, "-out", path.with_suffix(".crt")),
        ],
        check=True,
        capture_output=True,
    )
    path.write_text(path.read_text() + path.with_suffix(".crt").read_text())
    return path


def showing(certificate: Path) -> ssl.SSLContext:
    """What a server needs that shows it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context
