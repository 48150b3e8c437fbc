"""Endpoints of people and rights."""
