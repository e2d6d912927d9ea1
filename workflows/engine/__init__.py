"""The engine: reads definitions, checks them, and says what a case may do next; it stores nothing itself."""
