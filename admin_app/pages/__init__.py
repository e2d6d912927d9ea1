"""What each page shows, as plain objects for the templates."""
