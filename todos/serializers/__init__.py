"""Serializers of lists and todos."""
