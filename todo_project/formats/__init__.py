"""Date and time formats where the pages differ from Django's defaults."""
