"""What an office screen is made of: declarations, list, sheet, row, form, verbs, look-ups."""
