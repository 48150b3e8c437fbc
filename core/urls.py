"""URLs of the event log, below /api/v1/."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from core.api.events import EventViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("events", EventViewSet, basename="event")

urlpatterns = router.urls
