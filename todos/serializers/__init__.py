"""How lists and todos look in the API."""
