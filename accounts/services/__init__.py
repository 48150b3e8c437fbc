"""The verbs of people and keys."""
