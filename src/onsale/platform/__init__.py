"""Shared mechanism without any business rule: databases, brokers, stores, secrets, telemetry."""
