"""Webhooks of sellers, and what they are owed.

Revision ID: 0008
Revises: 0007
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_MOMENT = sa.DateTime(timezone=True)
_NOW = sa.text("now()")
_OWED = sa.text("status = 'owed'")
_EVENTS = "'booking.completed', 'booking.cancelled', 'event.sold_out'"


def upgrade() -> None:
    """Apply the change: two tables of their own, of which code that does not know them owes nothing
    to anybody.
    """
    op.create_table(
        "webhook",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("url", sa.String(2_000), nullable=False),
        sa.Column("event_types", ARRAY(sa.Text()), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("disabled_reason", sa.String(20), nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("previous_salt", sa.LargeBinary(), nullable=True),
        sa.Column("previous_until", _MOMENT, nullable=True),
        sa.Column("removed_at", _MOMENT, nullable=True),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("updated_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.CheckConstraint(
            f"event_types <@ ARRAY[{_EVENTS}]::text[] AND cardinality(event_types) > 0",
            name=op.f("ck_webhook_event_types"),
        ),
        sa.CheckConstraint(
            "is_active = (disabled_reason IS NULL) AND disabled_reason IN ('seller', 'gone') AND (removed_at IS NULL OR NOT is_active)",
            name=op.f("ck_webhook_disabled"),
        ),
        sa.CheckConstraint(
            "(previous_salt IS NULL) = (previous_until IS NULL)",
            name=op.f("ck_webhook_previous_secret"),
        ),
        sa.ForeignKeyConstraint(["seller_id"], ["user.id"], name=op.f("fk_webhook_seller_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook")),
    )
    op.create_index("ix_webhook_seller_id_id", "webhook", ["seller_id", "id"])
    op.create_index(
        "ix_webhook_inactive", "webhook", ["id"], postgresql_where=sa.text("NOT is_active")
    )
    op.create_index(
        "ix_webhook_previous",
        "webhook",
        ["previous_until"],
        postgresql_where=sa.text("previous_until IS NOT NULL"),
    )
    _create_deliveries()


def _create_deliveries() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "message_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("event_id", sa.BigInteger(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("status", sa.String(20), server_default="owed", nullable=False),
        sa.Column("next_try_at", _MOMENT, server_default=_NOW, nullable=True),
        sa.Column("claimed_until", _MOMENT, nullable=True),
        sa.Column("give_up_at", _MOMENT, nullable=True),
        sa.Column("attempt_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_attempt_at", _MOMENT, nullable=True),
        sa.Column("last_status", sa.Integer(), nullable=True),
        sa.Column("last_fault", sa.String(20), nullable=True),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("settled_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "status IN ('owed', 'delivered', 'dead')", name=op.f("ck_webhook_delivery_status")
        ),
        sa.CheckConstraint(f"type IN ({_EVENTS}, 'ping')", name=op.f("ck_webhook_delivery_type")),
        sa.CheckConstraint(
            "(status = 'owed') = (next_try_at IS NOT NULL) AND (status = 'owed') = (settled_at IS NULL) AND (status = 'owed' OR claimed_until IS NULL)",
            name=op.f("ck_webhook_delivery_owed_is_due"),
        ),
        sa.CheckConstraint("attempt_count >= 0", name=op.f("ck_webhook_delivery_attempt_count")),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.id"], name=op.f("fk_webhook_delivery_webhook_id_webhook")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_webhook_delivery_booking_id_booking")
        ),
        sa.ForeignKeyConstraint(
            ["event_id"], ["event.id"], name=op.f("fk_webhook_delivery_event_id_event")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_delivery")),
        postgresql_with={"fillfactor": 80},
    )
    for name, columns, where in (
        ("webhook_id_id", ["webhook_id", "id"], None),
        ("webhook_id_status_id", ["webhook_id", "status", "id"], None),
        ("due", ["webhook_id", "next_try_at"], _OWED),
        (
            "of_booking",
            ["booking_id", "webhook_id", "id"],
            sa.text("status = 'owed' AND booking_id IS NOT NULL"),
        ),
        (
            "of_event",
            ["event_id", "webhook_id"],
            sa.text("status = 'owed' AND booking_id IS NULL"),
        ),
        ("owed", ["id"], _OWED),
        ("settled", ["settled_at"], sa.text("status <> 'owed'")),
    ):
        op.create_index(
            f"ix_webhook_delivery_{name}", "webhook_delivery", columns, postgresql_where=where
        )


def downgrade() -> None:
    """Take the change back; what is owed is lost."""
    op.drop_table("webhook_delivery")
    op.drop_table("webhook")
