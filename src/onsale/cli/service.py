"""The service over its HTTP interface: where it is, who asks, and what its refusals mean here."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onsale.cli.exit_codes import ExitCode
from onsale.cli.failures import CommandFailedError
from onsale.cli.options import DATA_DEFAULT, URL_DEFAULT
from onsale.cli.session_file import TOKEN_VARIABLE, is_token_given, token_of
from onsale.client import NoAnswerError, NotInTimeError, OnsaleClient, OnsaleError, ProblemError
from onsale.client.problems import (
    ForbiddenRoleError,
    InvalidCredentialsError,
    InvalidRequestError,
    NotAuthenticatedError,
    NotOwnerError,
    OrphanSeatError,
    PaymentDeclinedError,
    PaymentUnknownError,
    RateLimitedError,
    SeatConflictError,
    UnavailableError,
)

GROUPS_SHOWN_MAX = 3


def address_of(url: str | None, data: Path | None = None) -> str:
    """Where the service is: what was said, else that of the data directory (of ``data``, if one was
    named), else the usual.
    """
    if url is not None:
        return url.rstrip("/")
    data = data or Path(os.environ.get("ONSALE_DATA", DATA_DEFAULT))
    try:
        environment = json.loads((data / "environment.json").read_text())
        return f"http://127.0.0.1:{int(environment['ONSALE_PORT'])}"
    except (OSError, ValueError, KeyError, TypeError):
        return URL_DEFAULT


@contextmanager
def service(url: str | None, *, signed_in: bool = True) -> Iterator[OnsaleClient]:
    """A client of whoever is signed in; failures within the block say what to do next."""
    address = address_of(url)
    token = token_of(address)
    if signed_in and token is None:
        raise _not_signed_in(address)
    try:
        client = OnsaleClient(address, token=token)
    except ValueError as error:
        raise CommandFailedError(
            f"{error}; see --url, ONSALE_URL and {TOKEN_VARIABLE}", code=ExitCode.MISUSED
        ) from None
    with client:
        try:
            yield client
        except (ForbiddenRoleError, NotOwnerError) as error:
            # Here alone can be asked whose session it is.
            raise _not_theirs(error, client) from error
        except OnsaleError as error:
            raise told(error, address) from error


@contextmanager
def failures(address: str) -> Iterator[None]:
    """What a client raises as a ``CommandFailedError`` with the next step."""
    try:
        yield
    except OnsaleError as error:
        raise told(error, address) from error


def told(error: OnsaleError, address: str) -> CommandFailedError:
    """The failure that an error is to whoever typed the command."""
    if isinstance(error, NoAnswerError):
        return _no_answer(error, address)
    if isinstance(error, ProblemError):
        return _refused(error, address)
    if isinstance(error, NotInTimeError):
        return CommandFailedError(
            "it is under way and was not over in the time that a command waits; look again",
            code=ExitCode.UNREACHABLE,
        )
    return CommandFailedError(
        f"{address} does not answer as onsale does ({error}); is the address right?"
        " See --url and ONSALE_URL",
        code=ExitCode.UNREACHABLE,
    )


def _refused(error: ProblemError, address: str) -> CommandFailedError:
    said, code = reasons(error), ExitCode.FAILED
    match error:
        case NotAuthenticatedError():
            return _not_signed_in(address, error)
        case InvalidCredentialsError():
            said = ["wrong e-mail address or password; no account yet? onsale user create"]
            code = ExitCode.NOT_SIGNED_IN
        case PaymentDeclinedError() if error.decline_reason:
            said = [f"{error.detail} Reason: {error.decline_reason} ({error.code})"]
        case RateLimitedError() if error.retry_after_seconds is not None:
            said = [f"{error.detail} Again in {error.retry_after_seconds:.0f} s ({error.code})"]
        case SeatConflictError() | OrphanSeatError():
            said = _with_alternatives(error)
        case PaymentUnknownError():
            again = f"onsale booking pay … --key {error.idempotency_key}"
            said = [f"{error.detail} Ask again with the same card: {again}"]
        case UnavailableError():
            code = ExitCode.UNREACHABLE
        case _:
            pass
    return CommandFailedError(*said, code=code, problem=error.code)


def _not_theirs(error: ProblemError, client: OnsaleClient) -> CommandFailedError:
    """Somebody else may do this: who asked, and how another would."""
    said = reasons(error)[0]
    try:
        user = client.get_current_user()
    except OnsaleError:
        pass  # what was refused is what matters
    else:
        said += f". You are signed in as {user.email}, {user.role.value}"
    return CommandFailedError(f"{said}; {sign_in_again()}", problem=error.code)


def sign_in_again() -> str:
    """How to have another session, for whoever has one that will not do."""
    if is_token_given():
        return (
            f"the session is that of {TOKEN_VARIABLE}: give it a new token, or unset"
            f" {TOKEN_VARIABLE} and sign in: onsale user login"
        )
    return "sign in as somebody else: onsale user login"


def reasons(error: ProblemError) -> list[str]:
    """Why it was refused, a line each."""
    if isinstance(error, InvalidRequestError) and error.errors:
        return [f"{each.field or 'the document'}: {each.message}" for each in error.errors]
    return [f"{error.detail} ({error.code})"]


def _no_answer(error: NoAnswerError, address: str) -> CommandFailedError:
    reason = str(error.__cause__ or error)
    if not error.may_have_happened:
        return CommandFailedError(
            f"{address} cannot be reached ({reason}); is the service running there? Start one:"
            " onsale up, or say where it is: --url or ONSALE_URL",
            code=ExitCode.UNREACHABLE,
        )
    again = (
        f"; with --key {error.idempotency_key} a repeat does nothing twice"
        if error.idempotency_key
        else "; look before you repeat what you asked for, it may be done"
    )
    return CommandFailedError(
        f"{address} did not answer to the end ({reason}){again}", code=ExitCode.UNREACHABLE
    )


def _not_signed_in(address: str, error: ProblemError | None = None) -> CommandFailedError:
    problem = None if error is None else error.code
    if is_token_given():
        return CommandFailedError(
            f"not signed in at {address}: {sign_in_again()}",
            code=ExitCode.NOT_SIGNED_IN,
            problem=problem,
        )
    return CommandFailedError(
        f"not signed in at {address}; sign in: onsale user login --email you@example.com"
        " (no account yet? onsale user create)",
        code=ExitCode.NOT_SIGNED_IN,
        problem=problem,
    )


def _with_alternatives(error: SeatConflictError | OrphanSeatError) -> list[str]:
    groups = [" ".join(group) for group in error.alternatives[:GROUPS_SHOWN_MAX]]
    return [error.detail, *([f"To have instead: {', or '.join(groups)}"] if groups else [])]
