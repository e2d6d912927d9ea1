"""Writes: operations on cases and master data, the engine that runs definitions, the rules of who may."""
