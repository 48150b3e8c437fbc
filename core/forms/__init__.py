"""Forms that browsers send: what was typed, who sent it, and how often."""
