"""The bounded contexts: ``ticketing`` and ``seat_reservation``, and the kernel they share."""
