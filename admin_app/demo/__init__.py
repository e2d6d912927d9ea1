"""Fills an empty installation with invented people: one believable school, or a county or city for measurements."""
