"""The part of a ledger transaction that deals with money. Its statements: ``payments.sql``."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from onsale.platform.database.rows import Row
from onsale.platform.database.sql_file import load_statements
from onsale.service.ticketing.app.interface.i_payment_gateway import GatewayPayment
from onsale.service.ticketing.app.interface.i_payment_transaction import KeyedAttempt, PaymentKey
from onsale.service.ticketing.domain.entity.payment_attempt import AttemptStatus, PaymentAttempt
from onsale.service.ticketing.domain.entity.payment_refund import (
    PaymentRefund,
    RefundReason,
    refund_id_of,
)

_SQL = load_statements(Path(__file__).parent / "sql" / "payments.sql")


class AsyncpgPaymentTransaction:
    """See ``IPaymentTransaction``."""

    def __init__(self, connection: asyncpg.pool.PoolConnectionProxy) -> None:
        self._connection = connection

    async def keyed_attempt(self, key: PaymentKey) -> KeyedAttempt | None:
        row = await self._connection.fetchrow(_SQL["keyed_attempt"], key.buyer_id, key.key)
        return None if row is None else KeyedAttempt(_attempt(row), row["request_digest"])

    async def open_attempt(self, attempt: PaymentAttempt, key: PaymentKey | None = None) -> bool:
        if key is not None:
            await self._connection.execute(_SQL["release_expired_key"], key.buyer_id, key.key)
        status = await self._connection.execute(
            _SQL["open_attempt"],
            *(attempt.id, attempt.booking_id, attempt.amount, attempt.currency),
            *((None,) * 3 if key is None else (key.buyer_id, key.key, key.request_digest)),
        )
        return row_count(status) == 1

    async def has_open_attempt(self, booking_id: UUID) -> bool:
        return bool(await self._connection.fetchval(_SQL["has_open_attempt"], booking_id))

    async def authorize_attempt(self, attempt_id: UUID) -> bool:
        status = await self._connection.execute(_SQL["authorize_attempt"], attempt_id)
        return row_count(status) == 1

    async def close_attempt(self, attempt: PaymentAttempt) -> bool:
        status = await self._connection.execute(
            _SQL["close_attempt"],
            *(attempt.id, attempt.status.value, attempt.payment_id, attempt.decline_reason),
        )
        return row_count(status) == 1

    async def attempt(self, attempt_id: UUID) -> PaymentAttempt:
        row = await self._connection.fetchrow(_SQL["attempt"], attempt_id)
        if row is None:
            raise LookupError("a payment attempt is gone")
        return _attempt(row)

    async def owe_refund(self, refund: PaymentRefund) -> bool:
        status = await self._connection.execute(
            _SQL["owe_refund"],
            *(refund.id, refund.payment_id, refund.amount, refund.reason.value),
            *(refund.attempt_id, refund.booking_id),
        )
        return row_count(status) == 1

    async def take_due_refunds(self, limit: int) -> list[PaymentRefund]:
        rows = await self._connection.fetch(_SQL["take_due_refunds"], limit)
        return [
            PaymentRefund(
                row["id"],
                row["payment_id"],
                row["amount"],
                RefundReason(row["reason"]),
                row["attempt_id"],
                row["booking_id"],
            )
            for row in rows
        ]

    async def finish_refund(self, refund_id: UUID) -> bool:
        return row_count(await self._connection.execute(_SQL["finish_refund"], refund_id)) == 1

    async def swept_to(self) -> datetime:
        await self._connection.execute(_SQL["begin_sweep"])
        moment: datetime = await self._connection.fetchval(_SQL["swept_to"])
        return moment

    async def look_back(self) -> datetime | None:
        moment: datetime | None = await self._connection.fetchval(_SQL["look_back"])
        return moment

    async def earliest_unsettled(self, payments: Sequence[GatewayPayment]) -> datetime | None:
        moment: datetime | None = await self._connection.fetchval(
            _SQL["earliest_unsettled"],
            [payment.key for payment in payments],
            [payment.taken_at for payment in payments],
        )
        return moment

    async def owe_stray_refunds(self, payments: Sequence[GatewayPayment]) -> int:
        status = await self._connection.execute(
            _SQL["owe_stray_refunds"],
            [refund_id_of(payment.payment_id) for payment in payments],
            [payment.payment_id for payment in payments],
            [payment.key for payment in payments],
            [payment.amount for payment in payments],
        )
        return row_count(status)

    async def question_strays(self, payments: Sequence[GatewayPayment]) -> list[GatewayPayment]:
        rows = await self._connection.fetch(
            _SQL["question_strays"],
            [payment.payment_id for payment in payments],
            [payment.key for payment in payments],
            [payment.amount for payment in payments],
            [payment.taken_at for payment in payments],
        )
        new = {row["payment_id"] for row in rows}
        return [payment for payment in payments if payment.payment_id in new]

    async def advance_sweep(self, moment: datetime) -> None:
        await self._connection.execute(_SQL["advance_sweep"], moment)


def _attempt(row: Row) -> PaymentAttempt:
    return PaymentAttempt(
        row["id"],
        row["booking_id"],
        row["amount"],
        row["currency"],
        AttemptStatus(row["status"]),
        row["payment_id"],
        row["decline_reason"],
    )


def row_count(status: str) -> int:
    """The number at the end of a command tag such as ``UPDATE 3``."""
    return int(status.rpartition(" ")[2])
