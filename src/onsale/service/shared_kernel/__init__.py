"""What both services speak: seat positions, layouts, seat states and the messages between them."""
