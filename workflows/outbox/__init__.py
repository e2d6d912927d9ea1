"""Sends what the outbox holds: to the bells of those concerned, and through the channels outside."""
