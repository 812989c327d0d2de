"""Accounts and sessions, each call described once. The names are those of the OpenAPI document."""

from onsale.client import answers as a
from onsale.client.call import Call, Repeat, decoded, nothing
from onsale.client.words import Role


def register(email: str, password: str, name: str, role: Role | str) -> Call[a.User]:
    """Make an account; ``role`` is ``buyer`` or ``seller``."""
    body = {"email": email, "password": password, "name": name, "role": role}
    return Call(
        method="POST",
        template="/api/user",
        status=201,
        body=body,
        repeat=Repeat.UNHEARD,
        parse=decoded(a.User),
    )


def log_in(email: str, password: str) -> Call[a.Session]:
    """Begin a session."""
    return Call(
        method="POST",
        template="/api/user/login",
        body={"email": email, "password": password},
        parse=decoded(a.Session),
    )


def log_out() -> Call[None]:
    """End the session."""
    return Call(
        method="POST",
        template="/api/user/logout",
        status=204,
        repeat=Repeat.UNHEARD,
        parse=nothing,
    )


def get_current_user() -> Call[a.User]:
    """Whose session it is."""
    return Call(method="GET", template="/api/user/me", parse=decoded(a.User))


def get_session() -> Call[a.CurrentUser]:
    """The account whose session it is, or nobody."""
    return Call(method="GET", template="/api/user/session", parse=decoded(a.CurrentUser))
