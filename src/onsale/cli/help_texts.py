"""Help that teaches: examples under each command, as commands to type."""

from rich.markup import escape

from onsale.cli.exit_codes import ExitCode

PANEL_RUN = "Run it"
PANEL_USE = "Sell and buy"
PANEL_OPERATE = "Look after it"


def examples(*lines: str) -> str:
    """An epilog. A line that begins with ``#`` says what the commands below it do."""
    return "\n".join(["[bold]Examples[/bold]", *map(_example, lines)])


def exit_codes() -> str:
    """An epilog that tells what each exit status means."""
    told = [f"[bold]{code.value:>3}[/bold]  {code.meaning}" for code in ExitCode]
    return "\n".join(["[bold]Exit status[/bold]", *told])


def _example(line: str) -> str:
    return f"[dim]{escape(line)}[/dim]" if line.startswith("#") else f"[cyan]{escape(line)}[/cyan]"
