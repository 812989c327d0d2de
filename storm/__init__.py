"""A fault storm: buys seats while everything dies, and judges what the buyers were told.

It shares no code with the system: it starts the real ``onsale up``, speaks HTTP to it as buyers do,
and reads the final state with plain SQL and plain Redis commands.
"""
