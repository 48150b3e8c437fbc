"""Services: changes of people, roles and keys."""
