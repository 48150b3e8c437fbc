"""The verbs: whatever crosses rows or leaves a trace."""
