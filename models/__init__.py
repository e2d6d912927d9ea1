"""Tables, constraints, row scope and reports."""
