"""What a seed decides: the order of the faults, and what each buyer chooses."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

FAULTS_PER_ROUND = 10
GAP_SECONDS = (1.2, 2.6)
PAUSE_SECONDS = (0.5, 8.0)
# That a fault comes at the same moment as the one before it.
TOGETHER_PROBABILITY = 0.2
# That a fault waits until the system has recovered from the one before it.
WAITING_PROBABILITY = 0.6


class FaultKind(StrEnum):
    """What is done to a process."""

    KILL = "kill -9"
    PAUSE = "pause"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Fault:
    """``gap_seconds`` after the fault before it, or at the same moment; ``pause_seconds`` is of a
    pause. One that waits comes only when the system sells again, if that is soon: the others meet
    a system that still has its hands full.
    """

    gap_seconds: float
    kind: FaultKind
    victim: str
    pause_seconds: float = 0.0
    waits: bool = False


def fault_plan(
    seed: int, round_number: int, victims: Sequence[str], count: int = FAULTS_PER_ROUND
) -> list[Fault]:
    """The faults of one round, in order.

    Victims are drawn like cards, so that over a few rounds each has its turn with every kind.
    """
    rng = random.Random(f"faults:{seed}:{round_number}")
    deck = _deal(seed, round_number, victims, count)
    faults: list[Fault] = []
    for kind, victim in deck:
        comes_along = bool(faults) and rng.random() < TOGETHER_PROBABILITY
        gap_seconds = round(rng.uniform(*GAP_SECONDS), 2)
        waits = rng.random() < WAITING_PROBABILITY
        pause_seconds = _pause_seconds(rng) if kind is FaultKind.PAUSE else 0.0
        faults.append(
            Fault(
                0.0 if comes_along else gap_seconds,
                kind,
                victim,
                pause_seconds,
                waits and not comes_along,
            )
        )
    return faults


def _deal(
    seed: int, round_number: int, victims: Sequence[str], count: int
) -> Sequence[tuple[FaultKind, str]]:
    """The round's part of an endless row of decks, each with every kind and victim once."""
    cards = [(kind, victim) for kind in FaultKind for victim in victims]
    first = (round_number - 1) * count
    dealt: list[tuple[FaultKind, str]] = []
    deck_number = first // len(cards)
    offset = first % len(cards)
    while len(dealt) < count:
        deck = list(cards)
        random.Random(f"deck:{seed}:{deck_number}").shuffle(deck)
        dealt += deck[offset : offset + count - len(dealt)]
        deck_number, offset = deck_number + 1, 0
    return dealt


def _pause_seconds(rng: random.Random) -> float:
    """Now a hiccup, now longer than any lease or session of the broker lasts."""
    shortest, longest = PAUSE_SECONDS
    return round(rng.choice((rng.uniform(shortest, 2.0), rng.uniform(6.5, longest))), 2)


class Ending(StrEnum):
    """What a buyer does once there is a hold, or does not wait for it."""

    PAY = "pay"
    PAY_TWICE = "pay twice at once"
    PAY_AGAIN = "pay again afterwards"
    DECLINED_THEN_PAY = "a declined card, then another"
    DECLINED = "a declined card"
    SLOW_CARD = "a card that answers late"
    UNANSWERED_CARD = "a card that is never answered"
    UNREACHED_CARD = "a card that the gateway never sees"
    DOUBLED_CARD = "a card that is charged twice"
    LAPSED_CARD = "a card whose authorization runs out"
    PAY_LATE = "pay after the hold has run out"
    CANCEL = "cancel"
    CANCEL_TWICE = "cancel twice at once"
    CANCEL_AT_ONCE = "cancel before there is an answer"
    CANCEL_AND_PAY = "cancel and pay at once"
    GIVE_UP = "give up"


_ENDINGS = {
    Ending.PAY: 24,
    Ending.PAY_TWICE: 8,
    Ending.PAY_AGAIN: 4,
    Ending.DECLINED_THEN_PAY: 5,
    Ending.DECLINED: 3,
    Ending.SLOW_CARD: 4,
    Ending.UNANSWERED_CARD: 2,
    Ending.UNREACHED_CARD: 2,
    Ending.DOUBLED_CARD: 3,
    Ending.LAPSED_CARD: 2,
    Ending.PAY_LATE: 6,
    Ending.CANCEL: 15,
    Ending.CANCEL_TWICE: 5,
    Ending.CANCEL_AT_ONCE: 7,
    Ending.CANCEL_AND_PAY: 8,
    Ending.GIVE_UP: 9,
}


# What buyers are like: each figure is a probability.
FOLLOW_PROBABILITY = 1 / 3
FLEETING_PROBABILITY = 0.35
# Of those who want an event where a hold lasts.
CALLED_OFF_PROBABILITY = 0.25
BY_NAME_PROBABILITY = 0.5
KEY_PROBABILITY = 0.6
DOUBLE_CLICK_PROBABILITY = 0.2
RETRY_PROBABILITY = 0.8


@dataclass(frozen=True, slots=True)
class Hall:
    """An event of the round, in sections of ``price`` cents a seat."""

    name: str
    hold_seconds: int
    prices: dict[str, int]
    subsection_count: int
    rows: int
    seats_per_row: int


# One where a hold lasts, one where it soon runs out. Both smaller than what is asked for.
LASTING = Hall("lasting", 3_600, {"A": 15_000, "B": 4_000}, 3, 9, 12)
FLEETING = Hall("fleeting", 6, {"C": 2_500}, 3, 8, 10)
# Where a hold lasts too, until the seller calls the event off.
CALLED_OFF = Hall("called off", 3_600, {"D": 3_000}, 2, 10, 12)
# Where time to recover is measured; nobody else buys here.
PULSE = Hall("pulse", 3_600, {"P": 100}, 6, 20, 25)
# As many seats as one booking may have; one buyer takes them all.
SMALL = Hall("small", 3_600, {"S": 700}, 1, 1, 4)


@dataclass(frozen=True, slots=True)
class Story:
    """One purchase, from wish to end. ``seats`` is empty for best available."""

    hall: Hall
    section: str
    subsection: int
    seats: tuple[str, ...]
    quantity: int
    has_key: bool
    has_pay_key: bool
    double_click: bool
    retries: bool
    patience_seconds: float
    ending: Ending
    pause_seconds: float


def follows(seed: int, round_number: int, buyer_number: int) -> bool:
    """Whether a buyer has its bookings streamed to it in place of asking for them."""
    rng = random.Random(f"follows:{seed}:{round_number}:{buyer_number}")
    return rng.random() < FOLLOW_PROBABILITY


def stories(seed: int, round_number: int, buyer_number: int) -> Iterator[Story]:
    """What a buyer does in a round, without end; the round decides how far it comes."""
    rng = random.Random(f"buyer:{seed}:{round_number}:{buyer_number}")
    endings, weights = list(_ENDINGS), list(_ENDINGS.values())
    while True:
        ending = rng.choices(endings, weights)[0]
        fleeting = rng.random() < FLEETING_PROBABILITY or ending is Ending.PAY_LATE
        will_be_off = rng.random() < CALLED_OFF_PROBABILITY
        hall = FLEETING if fleeting else CALLED_OFF if will_be_off else LASTING
        quantity = rng.choices((1, 2, 3, 4), (4, 4, 1, 1))[0]
        by_name = rng.random() < BY_NAME_PROBABILITY
        yield Story(
            hall=hall,
            section=rng.choice(sorted(hall.prices)),
            subsection=rng.randint(1, hall.subsection_count),
            seats=_hot_seats(rng, hall, quantity) if by_name else (),
            quantity=quantity,
            has_key=rng.random() < KEY_PROBABILITY,
            has_pay_key=rng.random() < KEY_PROBABILITY,
            double_click=rng.random() < DOUBLE_CLICK_PROBABILITY,
            retries=rng.random() < RETRY_PROBABILITY,
            patience_seconds=rng.choice((1.0, 3.0, 12.0)),
            ending=ending,
            pause_seconds=rng.uniform(0.0, 0.25),
        )


def _hot_seats(rng: random.Random, hall: Hall, quantity: int) -> tuple[str, ...]:
    """Neighbours, as a rule in the middle of the front rows, where everybody wants to sit."""
    row = min(int(rng.expovariate(0.5)) + 1, hall.rows)
    middle = hall.seats_per_row / 2
    first = int(min(max(rng.gauss(middle, 2.5), 1), hall.seats_per_row - quantity + 1))
    return tuple(f"{row}-{first + offset}" for offset in range(quantity))
