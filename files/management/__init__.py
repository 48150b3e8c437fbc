"""The doctor checks of files."""
