"""Accounts and sessions."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from onsale.cli.groups import Commands
from onsale.cli.help_texts import examples
from onsale.cli.options import JsonOption, UrlOption
from onsale.cli.printing import note, say, say_json

if TYPE_CHECKING:
    from onsale.client import User

app = Commands(help="Make an account, sign in and out.", no_args_is_help=True)

EmailOption = Annotated[str, typer.Option(help="The account's e-mail address.", prompt=True)]
PasswordOption = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from stdin.")
]


@app.command(
    "create",
    epilog=examples(
        "onsale user create --email sam@example.com --name Sam --role seller",
        "# in a script",
        "onsale user create --email sam@example.com --name Sam --password-stdin < pw",
    ),
)
def create(
    email: EmailOption,
    name: Annotated[str, typer.Option(help="How to call them.", prompt=True)],
    role: Annotated[
        Literal["buyer", "seller"], typer.Option(help="Buyers book, sellers make events.")
    ] = "buyer",
    password_stdin: PasswordOption = False,
    login: Annotated[bool, typer.Option(help="Sign in as well.")] = True,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make an account, and sign in to it: the session takes the place of the one before."""
    from onsale.cli.secrets_asked import secret
    from onsale.cli.service import service
    from onsale.cli.session_file import keep

    password = secret(
        "password", from_stdin=password_stdin, option="--password-stdin", confirm=True
    )
    with service(url, signed_in=False) as client:
        user = client.as_user(None).register(email, password, name, role)
        if login:
            keep(client.url, client.log_in(email, password).access_token)
    _show(user, as_json=as_json)
    if login:
        _say_signed_in(client.url, user, note if as_json else say)


@app.command(
    "login",
    epilog=examples(
        "onsale user login --email sam@example.com",
        "# at another service",
        "onsale user login --email sam@example.com --url https://tickets.example.com",
        "# keep no file: the token in the environment of one shell",
        "export ONSALE_TOKEN=$(onsale user login --email sam@example.com --json |",
        "  jq -r .access_token)",
    ),
)
def log_in(
    email: EmailOption,
    password_stdin: PasswordOption = False,
    url: UrlOption = None,
    as_json: JsonOption = False,
) -> None:
    """Sign in; the session is kept for the commands that follow, in a file of your own.

    With --json the token is printed and kept nowhere.
    """
    from onsale.cli.secrets_asked import secret
    from onsale.cli.service import service
    from onsale.cli.session_file import keep

    password = secret("password", from_stdin=password_stdin, option="--password-stdin")
    with service(url, signed_in=False) as client:
        session = client.as_user(None).log_in(email, password)
    if as_json:
        say_json(session)
        return
    keep(client.url, session.access_token)
    _say_signed_in(client.url, session, say)


@app.command("whoami", epilog=examples("onsale user whoami --json | jq .role"))
def who_am_i(url: UrlOption = None, as_json: JsonOption = False) -> None:
    """Tell who is signed in."""
    from onsale.cli.service import service

    with service(url) as client:
        _show(client.get_current_user(), as_json=as_json)


@app.command("logout", epilog=examples("onsale user logout"))
def log_out(url: UrlOption = None) -> None:
    """Sign out: end the session and forget it."""
    from onsale.cli.service import service
    from onsale.cli.session_file import TOKEN_VARIABLE, forget, is_token_given
    from onsale.client.problems import NotAuthenticatedError

    with service(url) as client:
        token = client.token
        with suppress(NotAuthenticatedError):  # it was over already
            client.log_out()
        forget(client.url, token)
    say(f"Signed out at {client.url}.")
    if is_token_given():
        note(f"It was the session of {TOKEN_VARIABLE} that has ended: unset {TOKEN_VARIABLE}")


def _say_signed_in(url: str, user: "User", tell: Callable[[str], None]) -> None:
    """Whose session is kept now: until now it may have been another's."""
    from onsale.cli.session_file import TOKEN_VARIABLE, is_token_given

    tell(f"Signed in at {url} as {user.email}, {user.role.value}.")
    if is_token_given():
        note(f"{TOKEN_VARIABLE} is set and goes before it: unset {TOKEN_VARIABLE}")


def _show(user: "User", *, as_json: bool) -> None:
    if as_json:
        say_json(user)
    else:
        say(f"{user.email}, {user.role.value}, number {user.id}")
