"""The project's own measurements, each beside the bar it is meant to reach."""
