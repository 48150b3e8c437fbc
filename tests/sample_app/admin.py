"""Admin pages of bookmarks."""

from __future__ import annotations

from datetime import datetime

from django.contrib import admin

from accounts.models import User
from core.admin.base import ScopedModelAdmin
from core.admin.changeform import ChangeForm
from core.admin.forms import ServiceForm
from core.admin.removal import Removal
from tests.sample_app.models import Bookmark
from tests.sample_app.services import add_bookmark, edit_bookmark, remove_bookmark


class BookmarkForm(ServiceForm):
    """A bookmark."""

    class Meta:
        model = Bookmark
        fields = ("title", "url")


class BookmarkChangeForm(ChangeForm[Bookmark, BookmarkForm]):
    """Adds and edits a bookmark."""

    def add(self, actor: User, form: BookmarkForm, now: datetime) -> Bookmark:
        data = form.cleaned_data
        return add_bookmark(actor=actor, title=data["title"], url=data["url"], now=now)

    def change(self, actor: User, form: BookmarkForm, now: datetime) -> None:
        edit_bookmark(
            actor=actor,
            bookmark=form.row,
            expected=form.expected,
            now=now,
            **form.values,
        )


class BookmarkRemoval(Removal[Bookmark]):
    """Deletes a bookmark."""

    def remove(self, actor: User, row: Bookmark, now: datetime) -> None:
        remove_bookmark(actor=actor, bookmark=row, now=now)


@admin.register(Bookmark)
class BookmarkAdmin(ScopedModelAdmin[Bookmark]):
    """The signed-in user's bookmarks."""

    changeform_class = BookmarkChangeForm
    removal_class = BookmarkRemoval
    form = BookmarkForm
    resource_type = "bookmark"
    icon = "label"
    nav_order = 60
    list_display = ("title", "url", "created_at")
    ordering = ("-created_at", "-pk")
    search_fields = ("search_key",)
    fieldsets = ((None, {"fields": ("title", "url")}),)
