"""What the gateway's books say beside what the ledger says."""

from dataclasses import replace
from uuid import UUID

from onsale.service.ticketing.app.command.refund_payments_use_case import RefundPaymentsUseCase
from onsale.service.ticketing.app.command.settle_payments_use_case import SettlePaymentsUseCase
from onsale.service.ticketing.app.interface.i_payment_gateway import IPaymentGateway
from tests.support.pipeline import Pipeline

CARD = "4242424242424242"
_KEPT = """
    SELECT coalesce(sum(payment.amount) FILTER (WHERE refund.key IS NULL), 0)
    FROM mock_gateway_payment AS payment
    JOIN payment_attempt ON payment_attempt.id = payment.key
    LEFT JOIN mock_gateway_refund AS refund ON refund.payment_id = payment.payment_id
    WHERE payment_attempt.booking_id = $1
"""
_TAKEN_COUNT = """
    SELECT count(*)
    FROM mock_gateway_payment
    JOIN payment_attempt ON payment_attempt.id = mock_gateway_payment.key
    WHERE payment_attempt.booking_id = $1
"""


def paying_through(pipeline: Pipeline, gateway: IPaymentGateway) -> Pipeline:
    """The same pipeline with another gateway, as after a restart: every use case is a new one."""
    return replace(
        pipeline,
        pay=replace(pipeline.pay, gateway=gateway),
        settle_payments=SettlePaymentsUseCase(pipeline.upkeep, gateway, pipeline.payment_ledger),
        refund_payments=RefundPaymentsUseCase(pipeline.unit_of_work, gateway),
        find_stray_payments=replace(pipeline.find_stray_payments, gateway=gateway),
    )


async def money_kept(pipeline: Pipeline, booking_id: UUID) -> int:
    """Cents that the gateway took for the booking and did not give back."""
    return int(await pipeline.pool.fetchval(_KEPT, booking_id))


async def times_taken(pipeline: Pipeline, booking_id: UUID) -> int:
    """How often the gateway took money for the booking, whatever became of it."""
    return int(await pipeline.pool.fetchval(_TAKEN_COUNT, booking_id))


async def refunds(pipeline: Pipeline) -> list[tuple[str, str, int]]:
    """Reason, status and cents of every refund, the earliest first."""
    rows = await pipeline.pool.fetch(
        "SELECT reason, status, amount FROM payment_refund ORDER BY created_at, payment_id"
    )
    return [(row["reason"], row["status"], row["amount"]) for row in rows]


async def orphan_attempts(pipeline: Pipeline) -> None:
    """Let every attempt and paid booking be so old that its process must have died."""
    await pipeline.pool.execute(
        "UPDATE payment_attempt SET created_at = created_at - interval '1 minute',"
        " authorized_at = authorized_at - interval '1 minute';"
        "UPDATE booking SET paid_at = paid_at - interval '1 minute'"
    )


async def make_refunds_due(pipeline: Pipeline) -> None:
    """As if the time until the next try had passed."""
    await pipeline.pool.execute(
        "UPDATE payment_refund SET next_try_at = now() WHERE status = 'owed'"
    )


async def clear_up(pipeline: Pipeline) -> None:
    """Everything that the background jobs do about money, until nothing is left to do."""
    await orphan_attempts(pipeline)
    await pipeline.settle_payments.execute()
    while await pipeline.find_stray_payments.execute():
        pass
    await make_refunds_due(pipeline)
    while await pipeline.refund_payments.execute():
        pass
