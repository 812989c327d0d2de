"""Seat state in Kvrocks (or Redis): 2 bits a seat, and one script that decides."""
