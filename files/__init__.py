"""Stored files: encrypted before they reach the store."""
