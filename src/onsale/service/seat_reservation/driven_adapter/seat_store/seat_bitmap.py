"""Seat states between one byte a seat (in Python) and 2 bits a seat (in the store).

The first seat stands in the highest bits of the first byte, where BITFIELD finds it at offset 0.
Whole subsections are moved as four long integers, one for each place in a byte.
"""

from functools import lru_cache

SEATS_PER_BYTE = 4
BITMAPS_REMEMBERED_MAX = 2_048
"""At 10,000 seats a subsection some 25 MB."""


def packed_size_bytes(seat_count: int) -> int:
    """How long the bitmap of so many seats is."""
    return -(-seat_count // SEATS_PER_BYTE)


def pack_states(states: bytes) -> bytes:
    """2 bits a seat from one byte (0 to 3) a seat; the last byte is filled up with zero bits."""
    size = packed_size_bytes(len(states))
    padded = states.ljust(size * SEATS_PER_BYTE, b"\0")
    packed = 0
    for place in range(SEATS_PER_BYTE):
        packed = packed << 2 | int.from_bytes(padded[place::SEATS_PER_BYTE], "big")
    return packed.to_bytes(size, "big")


@lru_cache(maxsize=BITMAPS_REMEMBERED_MAX)
def unpack_states(bitmap: bytes, seat_count: int) -> bytes:
    """One byte a seat from 2 bits a seat. Most are asked for again before they have changed."""
    packed = int.from_bytes(bitmap, "big")
    lowest_two_bits = int.from_bytes(b"\x03" * len(bitmap), "big")
    states = bytearray(len(bitmap) * SEATS_PER_BYTE)
    for place in range(SEATS_PER_BYTE):
        shift = 2 * (SEATS_PER_BYTE - 1 - place)
        in_place = packed >> shift & lowest_two_bits
        states[place::SEATS_PER_BYTE] = in_place.to_bytes(len(bitmap), "big")
    return bytes(states[:seat_count])
