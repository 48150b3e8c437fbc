"""How days and moments are written, where Django's way is not that of the pages."""
