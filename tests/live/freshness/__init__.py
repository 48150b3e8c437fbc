"""Check that no answer is outdated, while people write, share and revoke."""
