"""Papers to print, sign and seal: what stands on them, in the shape of `templates/papers`."""
