"""The page of the own profile, and the forms that change pictures."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.request import QueryDict
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.admin.forms import ProfileForm
from accounts.images import MAX_BYTES, square_image
from accounts.models import User
from accounts.services.avatars import remove_avatar, set_avatar
from accounts.services.people import change_profile
from core.admin.actions import run_and_redirect
from core.admin.permissions import request_user
from core.admin.urls import page_url
from core.errors import DomainError, Invalid, Stale, refusal_of
from core.forms import kept

PROFILE = "admin:accounts_user_profile"


class ProfilePages:
    """The pages about pictures and the own profile."""

    def __init__(self, model_admin: ModelAdmin[Any]) -> None:
        self.model_admin: Any = model_admin
        self.site = model_admin.admin_site

    def urls(self) -> list[URLPattern]:
        own_picture = self.site.admin_view(require_POST(self.own_picture))
        picture = self.site.admin_view(require_POST(self.picture))
        profile = self.site.admin_view(self.profile)
        return [
            path("me/", profile, name="accounts_user_profile"),
            # Bodies may be larger: body_limits in accounts/declaration.py.
            path("me/avatar/", own_picture, name="accounts_user_my_picture"),
            path("<path:object_id>/avatar/", picture, name="accounts_user_picture"),
        ]

    def profile(self, request: HttpRequest) -> HttpResponse:
        """Let users change their own profile."""
        user = request_user(request)
        person = User.objects.get(pk=user.pk)
        typed = request.POST or kept.take(request, request.path)
        form = ProfileForm(typed, user=user, instance=person)
        if request.method == "POST" and form.is_valid() and _save_profile(user, form):
            with translation.override(form.cleaned_data["language"]):
                messages.success(request, _("Your profile was saved."))
            return HttpResponseRedirect(request.path)
        context = {
            **self.site.each_context(request),
            "title": _("Profile"),
            "form": form,
            "person": person,
            "most_image_bytes": MAX_BYTES,
            "may_see_history": self.model_admin.has_view_permission(request, person),
        }
        return TemplateResponse(request, "admin/profile.html", context)

    def own_picture(self, request: HttpRequest) -> HttpResponse:
        """Set or remove the user's own picture."""
        user, now = request_user(request), timezone.now()

        def run() -> str:
            if "remove" in request.POST:
                remove_avatar(actor=user, person=user, now=now)
                return _("Your picture was removed.")
            file = request.FILES.get("file")
            if file is None:
                raise Invalid(_("Choose an image first."))
            set_avatar(actor=user, image=square_image(file.read()), now=now)
            return _("Your picture was saved.")

        return run_and_redirect(request, run, reverse(PROFILE))

    def picture(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Remove the picture of a user."""
        person: User | None = self.model_admin.get_object(request, object_id)
        if not self.model_admin.has_change_permission(request, person):
            raise PermissionDenied
        if person is None:
            raise Http404
        row: User = person

        def run() -> str:
            remove_avatar(actor=request_user(request), person=row, now=timezone.now())
            return _("The picture was removed.")

        return run_and_redirect(request, run, page_url(row, "change", row.pk))


def _save_profile(user: User, form: ProfileForm) -> bool:
    """Save the profile; if refused, show why in the form and return False."""
    try:
        change_profile(
            actor=user, expected=form.expected, now=timezone.now(), **form.values
        )
    except Stale as error:
        # Keep the input; saving again overwrites the newer profile.
        form.add_refusal(error)
        form.data = data = cast(QueryDict, form.data).copy()
        data["version"] = form.state_of(form.row)
    except (DomainError, OperationalError) as error:
        form.add_refusal(refusal_of(error))
    else:
        return True
    return False
