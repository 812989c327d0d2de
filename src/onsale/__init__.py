"""Reserved seats, sold once each, when everyone wants the same ones in the same second."""
