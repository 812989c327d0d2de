"""Ordered, at-least-once messaging: one port, an adapter for Kafka and one for Redis Streams."""
