"""URL configuration."""

from __future__ import annotations

from rest_framework.routers import SimpleRouter

from benchmarks.peers.drf_todo.api import TodoViewSet

router = SimpleRouter(trailing_slash=False)
router.register("todos", TodoViewSet, basename="todo")
urlpatterns = router.urls
