"""What other apps may want to know about people."""

from __future__ import annotations

from django.dispatch import Signal

# Sent inside the transaction that removes a person. `person_leaves` (person) comes
# before the person is locked: who locks a person as well as what they have a part in
# locks the person last. `person_removed` (person, actor, now) comes after it.
person_leaves = Signal()
person_removed = Signal()
