"""Card numbers that the mock gateway treats in a way of their own; any other is accepted.

As with the test cards of real gateways the number decides, so that every outcome can be had on
purpose. Where a real gateway has a number for the same outcome it is the same number.
"""

from enum import StrEnum

DECLINED_CARDS = {
    "4000000000000002": "card_declined",
    "4000000000000069": "expired_card",
    "4000000000000119": "processing_error",
    "4000000000000127": "incorrect_cvc",
    "4000000000009979": "stolen_card",
    "4000000000009987": "lost_card",
    "4000000000009995": "insufficient_funds",
}

SLOW_CARD = "4000000000000259"
UNANSWERED_CARD = "4000000000000341"
UNREACHED_CARD = "4000000000000366"
DOUBLED_CARD = "4000000000000424"
LAPSED_CARD = "4000000000000515"


class Behaviour(StrEnum):
    """What a card does when it is captured."""

    # The money moves only after some seconds.
    SLOW = "slow"
    # The money moves, and nobody is told.
    UNANSWERED = "unanswered"
    # The money moves twice.
    DOUBLED = "doubled"
    # The authorization is gone.
    LAPSED = "lapsed"


BEHAVIOURS = {
    SLOW_CARD: Behaviour.SLOW,
    UNANSWERED_CARD: Behaviour.UNANSWERED,
    DOUBLED_CARD: Behaviour.DOUBLED,
    LAPSED_CARD: Behaviour.LAPSED,
}
