"""Pages of bookmarks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Model

from accounts.models import User
from core.admin.base import ScopedModelAdmin
from core.admin.forms import ServiceForm
from tests.sample_app.models import Bookmark
from tests.sample_app.services import add_bookmark, edit_bookmark, remove_bookmark


class BookmarkForm(ServiceForm):
    class Meta:
        model = Bookmark
        fields = ("title", "url")


@admin.register(Bookmark)
class BookmarkAdmin(ScopedModelAdmin):
    """Bookmarks of the person who is signed in."""

    form = BookmarkForm
    resource_type = "bookmark"
    icon = "label"
    nav_order = 60
    list_display = ("title", "url", "created_at")
    ordering = ("-created_at", "-pk")
    search_fields = ("title",)
    fieldsets = ((None, {"fields": ("title", "url")}),)

    def add_row(self, actor: User, form: Any, now: datetime) -> Model:
        fields = form.cleaned_data
        return add_bookmark(
            actor=actor, title=fields["title"], url=fields["url"], now=now
        )

    def change_row(self, actor: User, form: Any, now: datetime) -> None:
        edit_bookmark(
            actor=actor,
            bookmark=form.row,
            expected=form.expected,
            now=now,
            **form.values,
        )

    def remove_row(self, actor: User, row: Any, now: datetime) -> None:
        remove_bookmark(actor=actor, bookmark=row, now=now)
