"""WTForms made from definitions: they render and bind, the engine judges."""
