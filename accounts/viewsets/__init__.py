"""Endpoints of people, roles and API keys."""
