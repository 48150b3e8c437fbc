"""How people and rights look in the API."""
