"""A limit per buyer, and events that are cancelled.

Revision ID: 0006
Revises: 0005
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_OWED = sa.text("cancellation_owed")


def upgrade() -> None:
    """Apply the change."""
    op.add_column("event", sa.Column("max_tickets_per_buyer", sa.Integer(), nullable=True))
    op.add_column("event", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "event",
        sa.Column(
            "cancellation_owed", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )
    _replace_check("event", "status", "status IN ('draft', 'available', 'sold_out', 'cancelled')")
    op.create_check_constraint(
        op.f("ck_event_max_tickets_per_buyer"), "event", "max_tickets_per_buyer BETWEEN 1 AND 100"
    )
    op.create_check_constraint(
        op.f("ck_event_cancellation"),
        "event",
        "(status = 'cancelled') = (cancelled_at IS NOT NULL)"
        " AND (status = 'cancelled' OR NOT cancellation_owed)",
    )
    op.create_index("ix_event_cancellation_owed", "event", ["id"], postgresql_where=_OWED)
    _replace_check(
        "booking",
        "cancellation",
        "(status = 'cancelled') = (cancel_reason IS NOT NULL)"
        " AND cancel_reason IN ('buyer', 'expired', 'event_cancelled')",
    )


def downgrade() -> None:
    """Take the change back. What older code has no word for it is told in the nearest that it has:
    a cancelled event is one that is hidden, and its bookings were given up by their buyers.
    """
    op.execute("UPDATE booking SET cancel_reason = 'buyer' WHERE cancel_reason = 'event_cancelled'")
    _replace_check(
        "booking",
        "cancellation",
        "(status = 'cancelled') = (cancel_reason IS NOT NULL)"
        " AND cancel_reason IN ('buyer', 'expired')",
    )
    op.drop_index("ix_event_cancellation_owed", "event", postgresql_where=_OWED)
    op.drop_constraint(op.f("ck_event_cancellation"), "event", type_="check")
    op.execute(
        "UPDATE event SET status = 'available', is_active = false, cancelled_at = NULL"
        " WHERE status = 'cancelled'"
    )
    _replace_check("event", "status", "status IN ('draft', 'available', 'sold_out')")
    op.drop_constraint(op.f("ck_event_max_tickets_per_buyer"), "event", type_="check")
    op.drop_column("event", "cancellation_owed")
    op.drop_column("event", "cancelled_at")
    op.drop_column("event", "max_tickets_per_buyer")


def _replace_check(table: str, name: str, condition: str) -> None:
    full_name = op.f(f"ck_{table}_{name}")
    op.drop_constraint(full_name, table, type_="check")
    op.create_check_constraint(full_name, table, condition)
