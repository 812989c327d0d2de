"""What every test may ask for: real servers, shared by the whole run."""

pytest_plugins = ("tests.servers.plugin",)
