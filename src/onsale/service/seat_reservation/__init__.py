"""Decides who gets which seat: consumes seat commands, owns the state of every seat."""
