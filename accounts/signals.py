"""What other apps may want to know about people."""

from __future__ import annotations

from django.dispatch import Signal

# Sent inside the transaction that removes a person: person, actor, now.
person_removed = Signal()
