"""The first schema.

Revision ID: 0001
Revises:
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0001"
down_revision: str | None = None
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Apply the change."""
    op.create_table(
        "mock_gateway_charge",
        sa.Column("key", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.String(length=80), nullable=True),
        sa.Column("decline_reason", sa.String(length=80), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(payment_id IS NULL) <> (decline_reason IS NULL)",
            name=op.f("ck_mock_gateway_charge_outcome"),
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_mock_gateway_charge")),
    )
    op.create_table(
        "revoked_token",
        sa.Column("token_id", sa.String(length=64), nullable=False),
        sa.Column(
            "revoked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("token_id", name=op.f("pk_revoked_token")),
    )
    op.create_index(
        op.f("ix_revoked_token_expires_at"), "revoked_token", ["expires_at"], unique=False
    )
    op.create_index(
        op.f("ix_revoked_token_revoked_at"), "revoked_token", ["revoked_at"], unique=False
    )
    op.create_table(
        "user",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("email", sa.String(length=255), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("hashed_password", sa.String(length=255), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("is_verified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_superuser", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("role IN ('buyer', 'seller')", name=op.f("ck_user_role")),
        sa.CheckConstraint("email = lower(email)", name=op.f("ck_user_email_is_lower_case")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("email", name=op.f("uq_user_email")),
    )
    op.create_index(
        "ix_user_deactivated",
        "user",
        ["id"],
        unique=False,
        postgresql_where=sa.text("NOT is_active"),
    )
    op.create_table(
        "event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("seller_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("venue_name", sa.String(length=255), nullable=False),
        sa.Column("seating_config", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="draft", nullable=False),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("on_sale_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("currency", sa.String(length=3), server_default="USD", nullable=False),
        sa.Column("hold_seconds", sa.Integer(), server_default=sa.text("600"), nullable=False),
        sa.Column(
            "max_tickets_per_booking", sa.Integer(), server_default=sa.text("4"), nullable=False
        ),
        sa.Column("epoch", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("load_owed", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name=op.f("ck_event_currency")),
        sa.CheckConstraint(
            "status IN ('draft', 'available', 'sold_out')", name=op.f("ck_event_status")
        ),
        sa.CheckConstraint("epoch >= 0", name=op.f("ck_event_epoch")),
        sa.CheckConstraint("hold_seconds BETWEEN 5 AND 7200", name=op.f("ck_event_hold_seconds")),
        sa.CheckConstraint(
            "max_tickets_per_booking BETWEEN 1 AND 10", name=op.f("ck_event_max_tickets")
        ),
        sa.ForeignKeyConstraint(["seller_id"], ["user.id"], name=op.f("fk_event_seller_id_user")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event")),
    )
    op.create_index(
        "ix_event_load_owed", "event", ["id"], unique=False, postgresql_where=sa.text("load_owed")
    )
    op.create_index("ix_event_seller_id_id", "event", ["seller_id", "id"], unique=False)
    op.create_table(
        "booking",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("buyer_id", sa.BigInteger(), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("section", sa.String(length=20), nullable=False),
        sa.Column("subsection", sa.Integer(), nullable=False),
        sa.Column("seat_selection_mode", sa.String(length=20), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("seat_positions", postgresql.ARRAY(sa.String()), nullable=False),
        sa.Column("total_price", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("failure_reason", sa.String(length=40), nullable=True),
        sa.Column("cancel_reason", sa.String(length=20), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("payment_id", sa.String(length=80), nullable=True),
        sa.Column("command", sa.String(length=20), nullable=True),
        sa.Column("command_seq", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("next_send_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("send_count", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("idempotency_key", sa.String(length=255), nullable=True),
        sa.Column("request_digest", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(status = 'cancelled') = (cancel_reason IS NOT NULL) AND cancel_reason IN ('buyer', 'expired')",
            name=op.f("ck_booking_cancellation"),
        ),
        sa.CheckConstraint(
            "(status = 'failed') = (failure_reason IS NOT NULL)", name=op.f("ck_booking_failure")
        ),
        sa.CheckConstraint(
            "(status IN ('paid', 'completed')) = (payment_id IS NOT NULL) AND (paid_at IS NULL) = (payment_id IS NULL)",
            name=op.f("ck_booking_payment"),
        ),
        sa.CheckConstraint(
            "command IN ('reserve', 'release', 'finalize')", name=op.f("ck_booking_command")
        ),
        sa.CheckConstraint(
            "seat_selection_mode IN ('manual', 'best_available')", name=op.f("ck_booking_mode")
        ),
        sa.CheckConstraint(
            "status <> 'pending_payment' OR expires_at IS NOT NULL",
            name=op.f("ck_booking_hold_expires"),
        ),
        sa.CheckConstraint(
            "status IN ('processing', 'pending_payment', 'paid', 'completed', 'failed', 'cancelled')",
            name=op.f("ck_booking_status"),
        ),
        sa.CheckConstraint(
            "(command IS NULL) = (next_send_at IS NULL)", name=op.f("ck_booking_owed_is_due")
        ),
        sa.CheckConstraint("command_seq > 0", name=op.f("ck_booking_command_seq")),
        sa.CheckConstraint("quantity BETWEEN 1 AND 10", name=op.f("ck_booking_quantity")),
        sa.CheckConstraint("total_price >= 0", name=op.f("ck_booking_total_price")),
        sa.ForeignKeyConstraint(["buyer_id"], ["user.id"], name=op.f("fk_booking_buyer_id_user")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_booking_event_id_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_booking")),
        sa.UniqueConstraint(
            "buyer_id", "idempotency_key", name=op.f("uq_booking_buyer_id_idempotency_key")
        ),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_booking_buyer_id_id", "booking", ["buyer_id", "id"], unique=False)
    op.create_index(
        "ix_booking_due",
        "booking",
        ["next_send_at"],
        unique=False,
        postgresql_where=sa.text("command IS NOT NULL"),
    )
    op.create_index("ix_booking_event_id_id", "booking", ["event_id", "id"], unique=False)
    op.create_index(
        "ix_booking_expiring",
        "booking",
        ["expires_at"],
        unique=False,
        postgresql_where=sa.text("status = 'pending_payment'"),
    )
    op.create_index(
        "ix_booking_keyed",
        "booking",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index(
        "ix_booking_paid",
        "booking",
        ["paid_at"],
        unique=False,
        postgresql_where=sa.text("status = 'paid'"),
    )
    op.create_table(
        "payment_attempt",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="open", nullable=False),
        sa.Column("payment_id", sa.String(length=80), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'captured') = (payment_id IS NOT NULL)",
            name=op.f("ck_payment_attempt_captured"),
        ),
        sa.CheckConstraint(
            "(status = 'open') = (settled_at IS NULL)", name=op.f("ck_payment_attempt_settled")
        ),
        sa.CheckConstraint(
            "status IN ('open', 'captured', 'declined')", name=op.f("ck_payment_attempt_status")
        ),
        sa.CheckConstraint("amount >= 0", name=op.f("ck_payment_attempt_amount")),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_payment_attempt_booking_id_booking")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_attempt")),
    )
    op.create_index(
        op.f("ix_payment_attempt_booking_id"), "payment_attempt", ["booking_id"], unique=False
    )
    op.create_index(
        "ix_payment_attempt_open",
        "payment_attempt",
        ["created_at"],
        unique=False,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "uq_payment_attempt_open",
        "payment_attempt",
        ["booking_id"],
        unique=True,
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "ticket",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("event_id", sa.BigInteger(), nullable=False),
        sa.Column("section", sa.String(length=20), nullable=False),
        sa.Column("subsection", sa.Integer(), nullable=False),
        sa.Column("row_number", sa.Integer(), nullable=False),
        sa.Column("seat_number", sa.Integer(), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), server_default="available", nullable=False),
        sa.Column("buyer_id", sa.BigInteger(), nullable=True),
        sa.Column("booking_id", sa.Uuid(), nullable=True),
        sa.Column("reserved_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status IN ('reserved', 'sold')) = (booking_id IS NOT NULL) AND (booking_id IS NULL) = (buyer_id IS NULL)",
            name=op.f("ck_ticket_taken_by_a_booking"),
        ),
        sa.CheckConstraint(
            "status IN ('available', 'reserved', 'sold', 'blocked')", name=op.f("ck_ticket_status")
        ),
        sa.CheckConstraint("price >= 0", name=op.f("ck_ticket_price")),
        sa.CheckConstraint(
            "subsection > 0 AND row_number > 0 AND seat_number > 0", name=op.f("ck_ticket_position")
        ),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_ticket_booking_id_booking")
        ),
        sa.ForeignKeyConstraint(["buyer_id"], ["user.id"], name=op.f("fk_ticket_buyer_id_user")),
        sa.ForeignKeyConstraint(["event_id"], ["event.id"], name=op.f("fk_ticket_event_id_event")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ticket")),
        sa.UniqueConstraint(
            "event_id", "section", "subsection", "row_number", "seat_number", name="uq_ticket_seat"
        ),
        postgresql_with={"fillfactor": 80},
    )
    op.create_table(
        "booking_ticket",
        sa.Column("booking_id", sa.Uuid(), nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["booking_id"], ["booking.id"], name=op.f("fk_booking_ticket_booking_id_booking")
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["ticket.id"], name=op.f("fk_booking_ticket_ticket_id_ticket")
        ),
        sa.PrimaryKeyConstraint("booking_id", "ticket_id", name=op.f("pk_booking_ticket")),
        sa.UniqueConstraint("ticket_id", name=op.f("uq_booking_ticket_ticket_id")),
    )


def downgrade() -> None:
    """Take the change back."""
    op.drop_table("booking_ticket")
    op.drop_table("ticket")
    op.drop_index(
        "uq_payment_attempt_open",
        table_name="payment_attempt",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.drop_index(
        "ix_payment_attempt_open",
        table_name="payment_attempt",
        postgresql_where=sa.text("status = 'open'"),
    )
    op.drop_index(op.f("ix_payment_attempt_booking_id"), table_name="payment_attempt")
    op.drop_table("payment_attempt")
    op.drop_index(
        "ix_booking_paid", table_name="booking", postgresql_where=sa.text("status = 'paid'")
    )
    op.drop_index(
        "ix_booking_keyed",
        table_name="booking",
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.drop_index(
        "ix_booking_expiring",
        table_name="booking",
        postgresql_where=sa.text("status = 'pending_payment'"),
    )
    op.drop_index("ix_booking_event_id_id", table_name="booking")
    op.drop_index(
        "ix_booking_due", table_name="booking", postgresql_where=sa.text("command IS NOT NULL")
    )
    op.drop_index("ix_booking_buyer_id_id", table_name="booking")
    op.drop_table("booking")
    op.drop_index("ix_event_seller_id_id", table_name="event")
    op.drop_index("ix_event_load_owed", table_name="event", postgresql_where=sa.text("load_owed"))
    op.drop_table("event")
    op.drop_index(
        "ix_user_deactivated", table_name="user", postgresql_where=sa.text("NOT is_active")
    )
    op.drop_table("user")
    op.drop_index(op.f("ix_revoked_token_revoked_at"), table_name="revoked_token")
    op.drop_index(op.f("ix_revoked_token_expires_at"), table_name="revoked_token")
    op.drop_table("revoked_token")
    op.drop_table("mock_gateway_charge")
