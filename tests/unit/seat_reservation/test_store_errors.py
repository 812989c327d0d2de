import pytest
from redis.exceptions import (
    BusyLoadingError,
    ExecAbortError,
    NoScriptError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from onsale.platform.exceptions import UnavailableError
from onsale.service.seat_reservation.driven_adapter.seat_store.store_errors import store_errors

IN_A_SCRIPT = "Error running script (call to f_0a1b): @user_script:12: @user_script: 12: "


@pytest.mark.parametrize(
    "error",
    [
        RedisConnectionError("refused"),
        RedisTimeoutError("no answer"),
        ConnectionResetError("reset"),
        BusyLoadingError("Redis is loading the dataset in memory"),
        NoScriptError("No matching script"),
        OutOfMemoryError("command not allowed", status_code="OOM"),
        ReadOnlyError("You can't write against a read only replica.", status_code="READONLY"),
        ResponseError("MISCONF Redis is configured to save snapshots, but cannot"),
        ResponseError(f"{IN_A_SCRIPT}-OOM command not allowed when used memory > 'maxmemory'."),
        ResponseError("Command # 1 (EVALSHA 0a1b) of pipeline caused error: ('MISCONF no disk',)"),
    ],
    ids=lambda error: f"{type(error).__name__} {error}"[:50],
)
def test_what_may_pass_is_unavailability(error: Exception) -> None:
    with (
        pytest.raises(UnavailableError, match="seat-store") as raised,
        store_errors(),
    ):
        raise error
    assert raised.value.dependency == "seat-store"
    assert raised.value.__cause__ is error


@pytest.mark.parametrize(
    "error",
    [
        ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"),
        ResponseError(f"{IN_A_SCRIPT}attempt to index a nil value"),
        ResponseError("Command # 1 (EVALSHA 0a1b OOM-1) of pipeline caused error: ('ERR no',)"),
        ExecAbortError("Transaction discarded because of previous errors."),
        RedisError("anything else"),
        KeyError("a bug"),
    ],
    ids=lambda error: f"{type(error).__name__} {error}"[:50],
)
def test_any_other_error_travels_as_it_is(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, store_errors():
        raise error
    assert raised.value is error
