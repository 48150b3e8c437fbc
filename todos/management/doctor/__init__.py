"""Look the installation over: settings, services, and truths no constraint can hold."""

from __future__ import annotations
