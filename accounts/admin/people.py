"""Pages of people: all of them for who manages them, colleagues for the others."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.forms import NewPasswordForm, NewPersonForm, PersonForm, ProfileForm
from accounts.models import User
from accounts.services.people import (
    add_person,
    change_person,
    change_profile,
    remove_person,
    set_password,
)
from core.admin.actions import refusal_of
from core.admin.base import ScopedModelAdmin
from core.admin.forms import ServiceForm, given
from core.admin.history import history_of
from core.admin.permissions import person_of
from core.errors import DomainError, Stale
from core.models import Event


class ActiveFilter(admin.SimpleListFilter):
    """Who may sign in, and who no longer may."""

    title = gettext_lazy("status")
    parameter_name = "status"

    def lookups(self, request: Any, model_admin: Any) -> Any:
        return [("active", _("active")), ("disabled", _("disabled"))]

    def queryset(self, request: Any, queryset: QuerySet[Any]) -> QuerySet[Any]:
        match self.value():
            case "active":
                return queryset.filter(is_active=True)
            case "disabled":
                return queryset.filter(is_active=False)
        return queryset


@admin.register(User)
class UserAdmin(ScopedModelAdmin):
    """People. What colleagues see of each other is a name."""

    form = PersonForm
    resource_type = "user"
    icon = "people"
    nav_order = 60
    nav_section = gettext_lazy("Together")
    ordering = ("username",)
    search_fields = ("username",)
    search_help_text = gettext_lazy("Part of a name, or a whole email address")
    delete_words = gettext_lazy("Remove")
    delete_done = gettext_lazy("“%s” was removed.")
    delete_consequence = gettext_lazy(
        "Name and address are forgotten for good; what was shared stays."
    )
    names = (None, {"fields": ("username", "display_name")})
    settings = (
        None,
        {"fields": ("username", "display_name", "email", "time_zone", "language")},
    )
    passwords = (gettext_lazy("Password"), {"fields": ("password1", "password2")})
    access = (gettext_lazy("Access"), {"fields": ("is_active", "roles")})

    def manages(self, request: HttpRequest) -> bool:
        return person_of(request).has_perm("accounts.change_user")

    def get_list_display(self, request: HttpRequest) -> Any:
        if self.manages(request):
            return ("username", "display_name", "email", "role_names", "is_active")
        return ("username", "display_name")

    def get_list_filter(self, request: HttpRequest) -> Any:
        return (ActiveFilter,) if self.manages(request) else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [self.settings, self.passwords, self.access]
        return [self.settings, self.access] if self.manages(request) else [self.names]

    def get_form(
        self, request: Any, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        if not change:
            options["form"] = NewPersonForm
        elif not self.manages(request):
            options["form"] = ServiceForm
        return super().get_form(request, obj, change=change, **options)

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        """Leave oneself to the profile, and what is anonymised alone."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.removed_at is None)

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        allowed = super().has_delete_permission(request, obj) and self.manages(request)
        if obj is None:
            return allowed
        return allowed and obj.removed_at is None and obj != request.user

    def get_search_results(self, request: Any, queryset: Any, search_term: str) -> Any:
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(username__icontains=term) | Q(display_name__icontains=term)
        if self.manages(request):
            found |= Q(email__iexact=term)
        return queryset.filter(found), False

    @admin.display(description=gettext_lazy("roles"))
    def role_names(self, person: User) -> str:
        return ", ".join(sorted(role.name for role in person.groups.all()))

    @admin.display(description=gettext_lazy("roles"))
    def roles(self, person: User) -> str:
        return self.role_names(person)

    def history_rows(self, request: HttpRequest, row: Any) -> QuerySet[Event]:
        """Keep from colleagues what is known of a person beyond the name."""
        if row == request.user or self.manages(request):
            return history_of(person_of(request), "user", row.pk)
        return Event.objects.none()

    def add_row(self, actor: User, form: Any, now: datetime) -> Model:
        fields = form.cleaned_data
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
            password=fields["password1"],
            roles=fields["roles"],
            now=now,
            **{name: fields[name] for name in names},
        )

    def change_row(self, actor: User, form: Any, now: datetime) -> None:
        change_person(
            actor=actor, person=form.row, expected=form.expected, now=now, **form.values
        )

    def remove_row(self, actor: User, row: Any, now: datetime) -> None:
        remove_person(actor=actor, person=row, now=now)

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("me/", wrap(self.profile_view), name="accounts_user_profile"),
            path(
                "<path:object_id>/password/",
                wrap(self.password_view),
                name="accounts_user_password",
            ),
            *super().get_urls(),
        ]

    def profile_view(self, request: Any) -> HttpResponse:
        """Let people change what they may of themselves."""
        form_class = given(ProfileForm, request=request)
        person = User.objects.get(pk=request.user.pk)
        form = form_class(request.POST or None, instance=person)
        if request.method == "POST" and form.is_valid():
            try:
                change_profile(
                    actor=request.user,
                    expected=form.expected,
                    now=timezone.now(),
                    **form.values,
                )
            except Stale as error:
                # What was typed stays; saving it once more saves it on top.
                form.add_error(None, str(error.message))
                form.data = form.data.copy()
                form.data["version"] = form.state_of(form.row)
            except DomainError as error:
                form.add_error(error.field, str(error.message))
            else:
                self.message_user(
                    request, _("Your profile was saved."), messages.SUCCESS
                )
                return HttpResponseRedirect(request.path)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Profile"),
            "form": form,
            "person": person,
        }
        return TemplateResponse(request, "admin/profile.html", context)

    def password_view(self, request: Any, object_id: str) -> HttpResponse:
        """Give a person a new password."""
        person = self.get_object(request, object_id)
        if not self.has_change_permission(request, person):
            raise PermissionDenied
        if person is None:
            raise Http404
        form = NewPasswordForm(person, request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                set_password(
                    actor=request.user,
                    person=person,
                    password=form.cleaned_data["password1"],
                    now=timezone.now(),
                )
            except DomainError as error:
                form.add_error(None, str(refusal_of(error).message))
            else:
                self.message_user(
                    request, _("The password was changed."), messages.SUCCESS
                )
                return HttpResponseRedirect(self.address("change", person.pk))
        context = {
            **self.admin_site.each_context(request),
            "title": _("New password"),
            "subtitle": str(person),
            "form": form,
            "opts": self.opts,
            "original": person,
        }
        return TemplateResponse(request, "admin/set_password.html", context)
