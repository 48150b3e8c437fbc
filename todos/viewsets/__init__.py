"""Endpoints of lists and todos."""
