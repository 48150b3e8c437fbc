"""Services: changes that involve several rows or are recorded."""
