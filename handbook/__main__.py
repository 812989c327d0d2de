"""``python -m handbook``: write every page of the reference anew."""

import sys

from handbook.reference import FOLDER, reference


def main() -> int:
    """Write the pages; tells which of them changed."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in reference().items():
        path = FOLDER / name
        is_new = not path.exists() or path.read_text("utf-8") != text
        if is_new:
            path.write_text(text, "utf-8")
        print(f"reference: {path.relative_to(FOLDER.parent.parent)}{', changed' if is_new else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
