"""Serializers of people, roles and API keys."""
