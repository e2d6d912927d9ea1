"""The parts of a list: columns, sort orders, filters, cursors and pages."""
