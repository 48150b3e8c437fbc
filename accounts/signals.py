"""Signals about people, for other apps."""

from __future__ import annotations

from django.dispatch import Signal

# Sent inside the transaction that removes a person. `person_leaves` (person) is sent
# before the person is locked, so that receivers lock their own rows first: in the lock
# order, people come last. `person_removed` (person, actor, now) is sent afterwards.
person_leaves = Signal()
person_removed = Signal()
