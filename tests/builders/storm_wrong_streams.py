"""Streams that show what is not so, each to be planted into a sale that is in order."""

from dataclasses import replace

from storm.history import CLOSED, LEFT
from tests.builders.storm_history import OnSale

SEEN = ((1.3, "processing"), (1.8, "pending_payment"), (3.2, "completed"))
SEATS = ("1-1",)


def began_with_nothing_whole(sale: OnSale) -> None:
    """A snapshot is the booking with its tickets."""
    stream = sale.followed("a", "anna", (1.2, 3.3), *SEEN, seats=SEATS)
    del stream.frames[0].body["tickets"]


def showed_another_booking(sale: OnSale) -> None:
    """The stream was mixed up with that of somebody else."""
    stream = sale.followed("a", "anna", (1.2, 3.3), *SEEN, seats=SEATS)
    stream.frames[1].body["id"] = "b"


def went_backwards(sale: OnSale) -> None:
    """A view that was older came after a newer one."""
    seen = ((1.3, "pending_payment"), (1.8, "processing"), (3.2, "completed"))
    sale.followed("a", "anna", (1.2, 3.3), *seen, seats=SEATS)


def began_with_what_was_over(sale: OnSale) -> None:
    """Its buyer had been answered that it is completed before the stream began."""
    seen = ((5.1, "pending_payment"), (5.2, "completed"))
    sale.followed("a", "anna", (5.0, 5.3), *seen, seats=SEATS)


def ended_otherwise_than_it_stands(sale: OnSale) -> None:
    """The booking is completed."""
    sale.followed("a", "anna", (1.2, 3.3), (1.3, "cancelled"), seats=SEATS)


def ended_with_another_seat(sale: OnSale) -> None:
    """Only its last frame."""
    stream = sale.followed("a", "anna", (1.2, 3.3), *SEEN, seats=SEATS)
    stream.frames[-1].body["seat_positions"] = ["1-4"]


def closed_before_the_end(sale: OnSale) -> None:
    """The booking was a hold then."""
    sale.followed("a", "anna", (1.2, 2.0), *SEEN[:2], seats=SEATS)


def broke_for_nothing(sale: OnSale) -> None:
    """No fault was about."""
    sale.followed("a", "anna", (1.2, 2.0), *SEEN[:2], seats=SEATS, ended="ReadError: reset")


def left_open_after_the_end(sale: OnSale) -> None:
    """Its client left in the end."""
    sale.followed("a", "anna", (1.2, 13.0), *SEEN, seats=SEATS, ended=LEFT)


def showed_nothing(sale: OnSale) -> None:
    """It was open for a long time."""
    sale.followed("a", "anna", (1.2, 20.0), ended=LEFT)


def never_showed_the_end(sale: OnSale) -> None:
    """The payment was answered, and the stream stayed open."""
    sale.followed("a", "anna", (1.2, 20.0), *SEEN[:2], seats=SEATS, ended=LEFT)


def never_showed_the_hold(sale: OnSale) -> None:
    """Whoever asked was shown it at once."""
    sale.followed("a", "anna", (1.2, 20.0), SEEN[0], (19.0, "completed"), seats=SEATS)
    sale.operations[-1].frames[-1].body["seat_positions"] = ["1-1"]


def fewer_than_no_seats(sale: OnSale) -> None:
    """The counts add up all the same."""
    sale.viewed((1.0, 5, 0), (4.0, 0, 1))


def a_seat_too_many(sale: OnSale) -> None:
    """One is counted twice."""
    stream = sale.viewed((1.0, 0, 0), (4.0, 0, 1))
    stream.frames[0].body["sections"][0]["reserved"] = 1


def changes_before_the_whole(sale: OnSale) -> None:
    """A viewer cannot know what they change."""
    stream = sale.viewed((1.0, 0, 0), (4.0, 0, 1))
    stream.frames[0] = replace(stream.frames[0], event="status_update")


def an_old_view_at_last(sale: OnSale) -> None:
    """The seat that was held is sold since long."""
    sale.viewed((1.0, 0, 0), (2.0, 1, 0))


def a_view_that_was_cut_off(sale: OnSale) -> None:
    """It showed the truth up to then."""
    sale.viewed((1.0, 0, 0), (4.0, 0, 1)).ended = CLOSED


WRONG_STREAMS = [
    began_with_nothing_whole,
    showed_another_booking,
    went_backwards,
    began_with_what_was_over,
    ended_otherwise_than_it_stands,
    ended_with_another_seat,
    closed_before_the_end,
    broke_for_nothing,
    left_open_after_the_end,
    showed_nothing,
    never_showed_the_end,
    never_showed_the_hold,
    fewer_than_no_seats,
    a_seat_too_many,
    changes_before_the_whole,
    an_old_view_at_last,
    a_view_that_was_cut_off,
]
