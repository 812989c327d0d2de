"""Servers that run as children of one command, with nothing installed beforehand."""
