"""What each app declares, so that lower layers need not know higher ones.

In `AppConfig.ready()` an app passes one `Declaration` to `registry.add`. The kernel
and the project use the registry and never name an app.
"""

from __future__ import annotations

from core.registry.collection import Registry, registry
from core.registry.declarations import (
    OPERATIONS,
    Declaration,
    DoctorCheck,
    Door,
    EventType,
    Gauge,
    ReadinessCheck,
    Resource,
    RowCounter,
    Sample,
    SampleRun,
    Subject,
    Text,
    Unready,
    every_operation,
)

__all__ = [
    "OPERATIONS",
    "Declaration",
    "DoctorCheck",
    "Door",
    "EventType",
    "Gauge",
    "ReadinessCheck",
    "Registry",
    "Resource",
    "RowCounter",
    "Sample",
    "SampleRun",
    "Subject",
    "Text",
    "Unready",
    "every_operation",
    "registry",
]
