"""The endpoint: a ModelViewSet, as in the tutorial of Django REST Framework."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers, viewsets

from benchmarks.peers.drf_todo.models import Todo


class TodoSerializer(serializers.ModelSerializer[Todo]):
    class Meta:
        model = Todo
        fields = ("id", "content", "priority", "is_finished", "created_at")


class TodoViewSet(viewsets.ModelViewSet[Todo]):
    """The todos of the person who asks, newest first."""

    serializer_class = TodoSerializer

    def get_queryset(self) -> Any:
        return Todo._default_manager.filter(owner=self.request.user).order_by(
            "-created_at"
        )

    def perform_create(self, serializer: Any) -> None:
        serializer.save(owner=self.request.user)
