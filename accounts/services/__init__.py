"""Services that change people, roles and keys."""
