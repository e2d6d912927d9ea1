"""Backups: one file that holds everything of an installation, taken while it works, restored on either database."""
