"""What pages may use of a visitor's machine: nothing, and the door its camera. Said of documents
alone: other answers use nothing.
"""

NAME = "permissions-policy"
NOTHING = "camera=(), microphone=(), geolocation=()"
CAMERA = "camera=(self), microphone=(), geolocation=()"
