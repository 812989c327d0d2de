"""Fails if a locked package has a known vulnerability; says so if that cannot be known here.

    python .ci/audit.py requirements/dev.txt

pip-audit alone takes packages that its data source does not know for sound, and a source that
cannot be reached for a fault. Where the data cannot be had (no internet, a package mirror without
it) this ends with status 0, having said in capitals that nothing was audited; ``--required`` makes
that a failure. ``ONSALE_OSV_URL`` names another OSV service to ask.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

PIP_AUDIT = Path(sys.executable).with_name("pip-audit")
AUDIT_SECONDS_MAX = 300
REQUEST_SECONDS_MAX = 10
CACHE = Path(__file__).parents[1] / ".cache" / "pip-audit"


def main() -> int:
    """Audit the files and return the exit status."""
    parser = argparse.ArgumentParser(description="Look for known vulnerabilities.")
    parser.add_argument("requirements", nargs="+", help="locked requirements, with hashes")
    parser.add_argument("--required", action="store_true", help="fail if there are no data")
    options = parser.parse_args()
    return _judge(_ask(options.requirements), required=options.required)


def _ask(files: Sequence[str]) -> list[dict[str, Any]]:
    """What is known of each package; nothing at all if the service cannot be asked."""
    service = os.environ.get("ONSALE_OSV_URL")
    command: list[str | Path] = [PIP_AUDIT, "--require-hashes", "--disable-pip"]
    command += ["--progress-spinner", "off", "--format", "json", "--cache-dir", CACHE]
    command += ["--timeout", str(REQUEST_SECONDS_MAX)]
    command += ["--vulnerability-service", "osv", "--osv-url", service] if service else []
    for file in files:
        command += ["--requirement", file]
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=AUDIT_SECONDS_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        print(f"audit: no answer within {AUDIT_SECONDS_MAX} s")
        return []
    try:
        packages: list[dict[str, Any]] = json.loads(run.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"audit: {(run.stderr.strip() or 'no answer').splitlines()[-1][:200]}")
        return []
    return packages


def _judge(packages: Sequence[dict[str, Any]], *, required: bool) -> int:
    vulnerable = [package for package in packages if package.get("vulns")]
    for package in vulnerable:
        for found in package["vulns"]:
            fixed_in = ", ".join(found["fix_versions"]) or "no version yet"
            print(
                f"audit: {package['name']} {package['version']}: {found['id']}, fixed in {fixed_in}"
            )
    unknown = [package["name"] for package in packages if "skip_reason" in package]
    audited_count = len(packages) - len(unknown)
    if vulnerable:
        print(f"audit: {len(vulnerable)} of {audited_count} packages are known to be vulnerable")
        return 1
    if audited_count == 0:
        print("audit: NOT AUDITED: no vulnerability data can be had from here")
        return 2 if required else 0
    print(f"audit: {audited_count} packages, no known vulnerability")
    if unknown:
        print(f"audit: NOT AUDITED, unknown to the service: {', '.join(unknown)}")
        return 2 if required else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
