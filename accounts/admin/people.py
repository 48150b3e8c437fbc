"""Pages of users: all data for those who manage them, names for colleagues."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin import ListFilter, ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.forms import NewPasswordForm, NewPersonForm, PersonForm
from accounts.admin.profile import ProfilePages
from accounts.models import User, role_title
from accounts.pictures import picture
from accounts.services.passwords import hash_password
from accounts.services.people import (
    add_person,
    change_person,
    remove_person,
    set_password,
)
from core.admin.base import ScopedModelAdmin
from core.admin.changeform import ChangeForm
from core.admin.changelist import Changelist
from core.admin.forms import ServiceForm
from core.admin.gone import gone_response
from core.admin.history import history_of
from core.admin.permissions import request_user
from core.admin.removal import Removal
from core.admin.table import Column
from core.admin.urls import page_url, with_filters
from core.errors import DomainError, refusal_of
from core.html import format_html
from core.models import Event
from core.scoping import ScopedQuerySet
from core.text import fold, listed


def manages_users(request: HttpRequest) -> bool:
    return request_user(request).has_perm("accounts.change_user")


class ActiveFilter(admin.SimpleListFilter):
    """Active users, or disabled ones."""

    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(
        self, request: HttpRequest, model_admin: ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        return [("active", _("active")), ("disabled", _("disabled"))]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[User]
    ) -> QuerySet[User]:
        match self.value():
            case "active":
                return queryset.filter(is_active=True)
            case "disabled":
                return queryset.filter(is_active=False)
        return queryset


class UserChangelist(Changelist):
    """Users by name; colleagues see and search names only."""

    def columns(self, request: HttpRequest) -> Sequence[Column]:
        if manages_users(request):
            return ("person", "display_name", "email", "role_names", "is_active")
        return ("person", "display_name")

    def filters(self, request: HttpRequest) -> Sequence[type[ListFilter]]:
        return (ActiveFilter,) if manages_users(request) else ()

    def search(
        self, request: HttpRequest, rows: ScopedQuerySet[User], term: str
    ) -> QuerySet[User]:
        found = rows.holding(term)
        if manages_users(request):
            found |= rows.filter(email_key=fold(term))
        return found


class UserChangeForm(ChangeForm[User, PersonForm]):
    """Adds and edits a user; colleagues see the names only."""

    names = (None, {"fields": ("username", "display_name")})
    settings = (
        None,
        {"fields": ("username", "display_name", "email", "time_zone", "language")},
    )
    passwords = (gettext_lazy("Password"), {"fields": ("password1", "password2")})
    access = (gettext_lazy("Access"), {"fields": ("is_active", "roles")})
    of_disabled = (
        gettext_lazy("Access"),
        {"fields": ("is_active", "keep_keys", "roles")},
    )

    def form_class(self, request: HttpRequest, row: User | None) -> type[ServiceForm]:
        if row is None:
            return NewPersonForm
        return PersonForm if manages_users(request) else ServiceForm

    def fieldsets(self, request: HttpRequest, row: User | None) -> Any:
        if row is None:
            return [self.settings, self.passwords, self.access]
        if manages_users(request):
            was_active = getattr(row, "was_active", row.is_active)
            can_edit = self.model_admin.has_change_permission(request, row)
            may_enable = can_edit and not was_active
            return [self.settings, self.of_disabled if may_enable else self.access]
        return [self.names]

    def add(self, actor: User, form: PersonForm, now: datetime) -> User:
        data = form.cleaned_data
        names = (
            "username",
            "email",
            "display_name",
            "time_zone",
            "language",
            "is_active",
        )
        return add_person(
            actor=actor,
            password_hash=data["password_hash"],
            roles=data["roles"],
            now=now,
            **{name: data[name] for name in names},
        )

    def change(self, actor: User, form: PersonForm, now: datetime) -> None:
        change_person(
            actor=actor, person=form.row, expected=form.expected, now=now, **form.values
        )


class UserRemoval(Removal[User]):
    """Anonymises a user."""

    button = gettext_lazy("Remove")
    done = gettext_lazy("“%s” was removed.")
    consequence = gettext_lazy(
        "The name and email address are erased permanently. Shared lists stay."
    )

    def is_removed(self, row: User) -> bool:
        return row.removed_at is not None

    def remove(self, actor: User, row: User, now: datetime) -> None:
        remove_person(actor=actor, person=row, now=now)


@admin.register(User)
class UserAdmin(ScopedModelAdmin[User]):
    """Users. Colleagues see only each other's names."""

    changelist_class = UserChangelist
    changeform_class = UserChangeForm
    removal_class = UserRemoval
    form = PersonForm
    resource_type = "user"
    icon = "people"
    nav_order = 60
    nav_section = gettext_lazy("Team")
    ordering = ("username",)
    search_fields = ("search_key",)
    search_help_text = gettext_lazy("Part of a name, or a full email address")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("groups")

    def can_edit(self, request: HttpRequest, row: User) -> bool:
        return row.removed_at is None and super().can_edit(request, row)

    def can_delete(self, request: HttpRequest, row: User) -> bool:
        is_other = row != request.user
        return is_other and manages_users(request) and self.can_edit(request, row)

    @admin.display(description=gettext_lazy("user name"), ordering="username")
    def person(self, person: User) -> str:
        return format_html(
            '<span class="person">{}<span dir="auto">{}</span></span>',
            picture(person),
            person.username,
        )

    @admin.display(description=gettext_lazy("roles"))
    def role_names(self, person: User) -> str:
        return listed(sorted(role_title(role.name) for role in person.groups.all()))

    @admin.display(description=gettext_lazy("roles"))
    def roles(self, person: User) -> str:
        return self.role_names(person)

    def history_rows(self, request: HttpRequest, row: User) -> QuerySet[Event]:
        """Hide the history from colleagues: it reveals more than the name."""
        if row == request.user or manages_users(request):
            return history_of(request, "user", row.pk)
        return Event.objects.none()

    def get_urls(self) -> list[URLPattern]:
        guard = self.admin_site.admin_view
        return [
            *ProfilePages(self).urls(),
            path(
                "<path:object_id>/password/",
                guard(self.password_view),
                name="accounts_user_password",
            ),
            *super().get_urls(),
        ]

    def password_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Set a new password for a user."""
        person: User | None = self.get_object(request, object_id)
        is_gone = person is None or person.removed_at is not None
        if is_gone and request.method == "POST" and self.has_change_permission(request):
            return gone_response(request, page_url(User, "changelist"))
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        if person is None:
            raise Http404
        form = NewPasswordForm(person, request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                set_password(
                    actor=request_user(request),
                    person=person,
                    password_hash=hash_password(form.cleaned_data["password1"]),
                    now=timezone.now(),
                )
            except (DomainError, OperationalError) as error:
                form.add_error(None, str(refusal_of(error).message))
            else:
                messages.success(request, _("The password was changed."))
                url = page_url(person, "change", person.pk)
                return HttpResponseRedirect(with_filters(request, person, url))
        context = {
            **self.admin_site.each_context(request),
            "title": _("New password"),
            "subtitle": str(person),
            "form": form,
            "opts": self.opts,
            "original": person,
        }
        return TemplateResponse(request, "admin/set_password.html", context)
