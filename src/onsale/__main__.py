"""``python -m onsale``: the same as the ``onsale`` command."""

from onsale.cli import main

main()
