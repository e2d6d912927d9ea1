"""Figures over many rows, each query narrowed by the session's scope."""
