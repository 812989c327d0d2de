"""The ``onsale`` command, a module for each group of commands.

A command imports only what it runs, when it runs: asked for help, none of the service, its stores
or its client is loaded.
"""

from onsale.cli.entry import main

__all__ = ["main"]
