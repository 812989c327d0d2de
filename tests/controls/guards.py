"""Every guard that has a negative control, in the order of the table."""

from tests.controls.admission_guards import ADMISSION_GUARDS
from tests.controls.ledger_guards import LEDGER_GUARDS
from tests.controls.message_guards import MESSAGE_GUARDS
from tests.controls.payment_guards import PAYMENT_GUARDS
from tests.controls.seat_store_guards import SEAT_STORE_GUARDS
from tests.controls.seller_guards import SELLER_GUARDS
from tests.controls.side_by_side_guards import SIDE_BY_SIDE_GUARDS
from tests.controls.webhook_guards import WEBHOOK_GUARDS

GUARDS = (
    *SEAT_STORE_GUARDS,
    *LEDGER_GUARDS,
    *PAYMENT_GUARDS,
    *ADMISSION_GUARDS,
    *SELLER_GUARDS,
    *MESSAGE_GUARDS,
    *SIDE_BY_SIDE_GUARDS,
    *WEBHOOK_GUARDS,
)
