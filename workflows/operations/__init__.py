"""One module for each noun; every function is one transaction's worth of work."""
