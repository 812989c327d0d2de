"""Payments in two steps, keyed, and handed back where they cannot lead to tickets.

Revision ID: 0002
Revises: 0001
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_UNDER_WAY = sa.text("status IN ('open', 'authorized')")
_OPEN = sa.text("status = 'open'")
_NOW = sa.text("now()")


def upgrade() -> None:
    """Apply the change."""
    _alter_attempts()
    _replace_check(
        "booking",
        "payment",
        "CASE WHEN status IN ('paid', 'completed') THEN payment_id IS NOT NULL WHEN status IN ('processing', 'pending_payment') THEN payment_id IS NULL ELSE true END AND (paid_at IS NULL) = (payment_id IS NULL)",
    )
    _create_refunds()
    _alter_mock_gateway()


def _replace_check(table: str, name: str, condition: str) -> None:
    full_name = op.f(f"ck_{table}_{name}")
    op.drop_constraint(full_name, table, type_="check")
    op.create_check_constraint(full_name, table, condition)


def _alter_attempts() -> None:
    moment = sa.DateTime(timezone=True)
    op.add_column("payment_attempt", sa.Column("decline_reason", sa.String(80), nullable=True))
    op.add_column("payment_attempt", sa.Column("authorized_at", moment, nullable=True))
    op.add_column("payment_attempt", sa.Column("buyer_id", sa.BigInteger(), nullable=True))
    op.add_column("payment_attempt", sa.Column("idempotency_key", sa.String(255), nullable=True))
    op.add_column("payment_attempt", sa.Column("request_digest", sa.LargeBinary(), nullable=True))
    _replace_check(
        "payment_attempt",
        "status",
        "status IN ('open', 'authorized', 'captured', 'declined', 'voided')",
    )
    _replace_check(
        "payment_attempt", "settled", "(status IN ('open', 'authorized')) = (settled_at IS NULL)"
    )
    for name, condition in (
        ("authorized_some_time", "status <> 'authorized' OR authorized_at IS NOT NULL"),
        ("declined", "decline_reason IS NULL OR status = 'declined'"),
        (
            "keyed",
            "(buyer_id IS NULL) = (idempotency_key IS NULL) AND (request_digest IS NULL) = (idempotency_key IS NULL)",
        ),
    ):
        op.create_check_constraint(op.f(f"ck_payment_attempt_{name}"), "payment_attempt", condition)
    op.create_foreign_key(
        op.f("fk_payment_attempt_buyer_id_user"), "payment_attempt", "user", ["buyer_id"], ["id"]
    )
    op.create_unique_constraint(
        op.f("uq_payment_attempt_buyer_id_idempotency_key"),
        "payment_attempt",
        ["buyer_id", "idempotency_key"],
    )
    op.drop_index("uq_payment_attempt_open", "payment_attempt")
    op.drop_index("ix_payment_attempt_open", "payment_attempt")
    op.create_index(
        "uq_payment_attempt_under_way",
        "payment_attempt",
        ["booking_id"],
        unique=True,
        postgresql_where=_UNDER_WAY,
    )
    op.create_index(
        "ix_payment_attempt_under_way", "payment_attempt", ["id"], postgresql_where=_UNDER_WAY
    )
    op.create_index(
        "ix_payment_attempt_keyed",
        "payment_attempt",
        ["created_at"],
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )


def _create_refunds() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "payment_refund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.String(80), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(40), nullable=False),
        sa.Column("status", sa.String(20), server_default="owed", nullable=False),
        sa.Column("next_try_at", moment, server_default=_NOW, nullable=True),
        sa.Column("try_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", moment, server_default=_NOW, nullable=False),
        sa.Column("settled_at", moment, nullable=True),
        sa.CheckConstraint("status IN ('owed', 'done')", name=op.f("ck_payment_refund_status")),
        sa.CheckConstraint(
            "(status = 'owed') = (next_try_at IS NOT NULL) AND (status = 'done') = (settled_at IS NOT NULL)",
            name=op.f("ck_payment_refund_owed_is_due"),
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_payment_refund_amount")),
        sa.ForeignKeyConstraint(
            ["attempt_id"],
            ["payment_attempt.id"],
            name=op.f("fk_payment_refund_attempt_id_payment_attempt"),
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_payment_refund_booking_id_booking")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_refund")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_payment_refund_payment_id")),
    )
    op.create_index(
        "ix_payment_refund_due",
        "payment_refund",
        ["next_try_at"],
        postgresql_where=sa.text("status = 'owed'"),
    )
    op.create_table(
        "gateway_sweep",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("swept_to", moment, nullable=False),
        sa.Column("looked_back_at", moment, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_gateway_sweep_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_sweep")),
    )
    # From here on every payment at the gateway must be one of this ledger's attempts.
    op.execute("INSERT INTO gateway_sweep (id, swept_to, looked_back_at) VALUES (1, now(), now())")
    op.create_table(
        "stray_payment",
        sa.Column("payment_id", sa.String(80), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("taken_at", moment, nullable=False),
        sa.Column("found_at", moment, server_default=_NOW, nullable=False),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_stray_payment")),
    )


def _alter_mock_gateway() -> None:
    """What the books said before is said in their new form; nothing was ever charged twice."""
    op.create_table(
        "mock_gateway_payment",
        sa.Column("payment_id", sa.String(80), nullable=False),
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column(
            "taken_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("clock_timestamp()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_mock_gateway_payment")),
    )
    op.create_index(op.f("ix_mock_gateway_payment_key"), "mock_gateway_payment", ["key"])
    op.create_index(
        "ix_mock_gateway_payment_taken_at", "mock_gateway_payment", ["taken_at", "payment_id"]
    )
    op.create_table(
        "mock_gateway_refund",
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.String(80), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"],
            ["mock_gateway_payment.payment_id"],
            name=op.f("fk_mock_gateway_refund_payment_id_mock_gateway_payment"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_mock_gateway_refund")),
        sa.UniqueConstraint("payment_id", name=op.f("uq_mock_gateway_refund_payment_id")),
    )
    op.drop_constraint(op.f("ck_mock_gateway_charge_outcome"), "mock_gateway_charge", type_="check")
    op.add_column(
        "mock_gateway_charge",
        sa.Column("state", sa.String(20), server_default="voided", nullable=False),
    )
    op.add_column("mock_gateway_charge", sa.Column("behaviour", sa.String(20), nullable=True))
    op.add_column("mock_gateway_charge", sa.Column("amount", sa.Integer(), nullable=True))
    op.add_column("mock_gateway_charge", sa.Column("currency", sa.String(3), nullable=True))
    op.execute(
        """
        UPDATE mock_gateway_charge AS charge
        SET state = CASE
                WHEN charge.payment_id IS NOT NULL THEN 'captured'
                WHEN charge.decline_reason = 'never_charged' THEN 'voided'
                ELSE 'declined'
            END,
            decline_reason = nullif(charge.decline_reason, 'never_charged'),
            amount = (SELECT amount FROM payment_attempt WHERE payment_attempt.id = charge.key),
            currency = (SELECT currency FROM payment_attempt WHERE payment_attempt.id = charge.key)
        """
    )
    op.execute(
        "UPDATE mock_gateway_charge SET amount = 0 WHERE amount IS NULL AND state = 'captured'"
    )
    op.alter_column("mock_gateway_charge", "state", server_default=None)
    op.create_check_constraint(
        op.f("ck_mock_gateway_charge_state"),
        "mock_gateway_charge",
        "state IN ('authorized', 'captured', 'declined', 'voided') AND (state = 'captured') = (payment_id IS NOT NULL) AND (state = 'declined') = (decline_reason IS NOT NULL) AND (state IN ('declined', 'voided') OR amount IS NOT NULL)",
    )
    op.execute(
        """
        INSERT INTO mock_gateway_payment (payment_id, key, amount, taken_at)
        SELECT payment_id, key, amount, created_at
        FROM mock_gateway_charge
        WHERE state = 'captured'
        """
    )


def downgrade() -> None:
    """Take the change back. What was handed back and what was authorized is forgotten."""
    op.drop_constraint(op.f("ck_mock_gateway_charge_state"), "mock_gateway_charge", type_="check")
    op.execute("DELETE FROM mock_gateway_charge WHERE state = 'authorized'")
    op.execute(
        "UPDATE mock_gateway_charge SET decline_reason = 'never_charged' WHERE state = 'voided'"
    )
    for column in ("state", "behaviour", "amount", "currency"):
        op.drop_column("mock_gateway_charge", column)
    op.create_check_constraint(
        op.f("ck_mock_gateway_charge_outcome"),
        "mock_gateway_charge",
        "(payment_id IS NULL) <> (decline_reason IS NULL)",
    )
    for table in (
        "mock_gateway_refund",
        "mock_gateway_payment",
        "payment_refund",
        "gateway_sweep",
        "stray_payment",
    ):
        op.drop_table(table)
    op.execute(
        "UPDATE booking SET payment_id = NULL, paid_at = NULL"
        " WHERE status NOT IN ('paid', 'completed') AND payment_id IS NOT NULL"
    )
    _replace_check(
        "booking",
        "payment",
        "(status IN ('paid', 'completed')) = (payment_id IS NOT NULL) AND (paid_at IS NULL) = (payment_id IS NULL)",
    )
    _restore_attempts()


def _restore_attempts() -> None:
    for name in ("uq_payment_attempt_under_way", "ix_payment_attempt_under_way"):
        op.drop_index(name, "payment_attempt")
    for name in ("authorized_some_time", "declined", "keyed"):
        op.drop_constraint(op.f(f"ck_payment_attempt_{name}"), "payment_attempt", type_="check")
    op.execute("UPDATE payment_attempt SET status = 'open' WHERE status = 'authorized'")
    op.execute("UPDATE payment_attempt SET status = 'declined' WHERE status = 'voided'")
    _replace_check("payment_attempt", "status", "status IN ('open', 'captured', 'declined')")
    _replace_check("payment_attempt", "settled", "(status = 'open') = (settled_at IS NULL)")
    # The key's own constraints and index go with their columns.
    for column in (
        "request_digest",
        "idempotency_key",
        "buyer_id",
        "authorized_at",
        "decline_reason",
    ):
        op.drop_column("payment_attempt", column)
    op.create_index(
        "uq_payment_attempt_open",
        "payment_attempt",
        ["booking_id"],
        unique=True,
        postgresql_where=_OPEN,
    )
    op.create_index(
        "ix_payment_attempt_open", "payment_attempt", ["created_at"], postgresql_where=_OPEN
    )
