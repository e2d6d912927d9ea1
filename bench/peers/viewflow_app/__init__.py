"""The application in which viewflow looks for the flow."""
