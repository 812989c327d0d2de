"""Negative controls: each import contract is broken by the import that it is there to catch."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def source_tree(tmp_path: Path) -> Path:
    """A copy of the sources that a test may spoil."""
    copy = tmp_path / "src"
    shutil.copytree(ROOT / "src", copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


def check_contract(source_tree: Path, contract_id: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            Path(sys.executable).with_name("lint-imports"),
            *("--config", ROOT / "pyproject.toml"),
            *("--contract", contract_id),
            "--no-cache",
            "--no-logo",
        ],
        cwd=source_tree,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("contract_id", "importer", "statement"),
    [
        ("layers", "service.ticketing.domain", "import onsale.service.ticketing.app"),
        ("layers", "service.ticketing.app", "import onsale.service.ticketing.driven_adapter"),
        (
            "layers",
            "service.seat_reservation.driving_adapter",
            "import onsale.service.seat_reservation.driven_adapter",
        ),
        ("layers", "service.ticketing", "beside_the_layers = True"),
        (
            "independent-services",
            "service.ticketing.app",
            "import onsale.service.seat_reservation.domain",
        ),
        ("platform", "platform", "import onsale.service.shared_kernel"),
        ("platform", "platform", "import onsale.bootstrap"),
        ("composition-root", "service.ticketing.app", "import onsale.bootstrap"),
        ("shared-kernel", "service.shared_kernel", "import onsale.platform.message_queue"),
        ("client-alone", "client", "import onsale.service.shared_kernel"),
        ("client-alone", "client", "import pydantic"),
        ("app-without-mechanism", "service.ticketing.app", "import sqlalchemy.ext.asyncio"),
        ("app-without-mechanism", "service.ticketing.app", "import onsale.platform.message_queue"),
        ("domain-without-mechanism", "service.ticketing.domain", "import fastapi"),
        (
            "domain-without-mechanism",
            "service.seat_reservation.domain",
            "import onsale.platform.exceptions",
        ),
    ],
)
def test_a_forbidden_import_breaks_its_contract(
    source_tree: Path, contract_id: str, importer: str, statement: str
) -> None:
    package = source_tree.joinpath("onsale", *importer.split("."))
    (package / "added.py").write_text(f"{statement}\n")

    checked = check_contract(source_tree, contract_id)

    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "Contracts: 0 kept, 1 broken." in checked.stdout


def test_a_use_case_may_name_the_failures_that_it_can_report(source_tree: Path) -> None:
    added = source_tree / "onsale/service/ticketing/app/added.py"
    added.write_text("import onsale.platform.exceptions\n")

    checked = check_contract(source_tree, "app-without-mechanism")

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_source_folder_is_a_package() -> None:
    """The contracts do not see modules in a folder without ``__init__.py``."""
    folders = {path.parent for path in (ROOT / "src").rglob("*.py")}
    loaded_by_path = {folder for folder in folders if folder.match("migrations/versions")}

    assert [
        str(folder.relative_to(ROOT))
        for folder in folders - loaded_by_path
        if not (folder / "__init__.py").exists()
    ] == []
