"""Reads and writes the files that offices exchange."""
