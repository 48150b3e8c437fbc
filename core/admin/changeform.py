"""How a page writes: it asks a service, and explains what the service says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db import IntegrityError, OperationalError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.admin.actions import refusal_of
from core.admin.conflicts import differences, resubmission, typed_below, without_changes
from core.admin.forms import ServiceForm, given
from core.admin.permissions import person_of
from core.errors import DomainError, Missing, Stale
from core.users import User


class WritingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Writes through services alone.

    A subclass says how rows are added, changed and removed; what it does not say
    cannot be done.
    """

    form = ServiceForm
    # What deleting a row is called here, and what comes of it.
    delete_words: str | Promise = ""
    delete_consequence: str | Promise = ""
    delete_done: str | Promise = gettext_lazy("“%s” was deleted.")

    def address(self, page: str, *args: Any) -> str:
        """Return the address of one of the model's pages."""
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=args, current_app=self.admin_site.name)

    def add_row(self, actor: User, form: Any, now: datetime) -> Model:
        raise NotImplementedError

    def change_row(self, actor: User, form: Any, now: datetime) -> None:
        raise NotImplementedError

    def remove_row(self, actor: User, row: Any, now: datetime) -> None:
        raise NotImplementedError

    def save_inline(self, actor: User, row: Any, formset: Any, now: datetime) -> None:
        raise NotImplementedError

    def get_form(
        self, request: Any, obj: Any = None, change: bool = False, **options: Any
    ) -> Any:
        form = super().get_form(request, obj, change=change, **options)
        refusal = getattr(request, "refusal", None)
        return given(form, request=request, refusal=refusal)

    def save_model(self, request: Any, obj: Any, form: Any, change: Any) -> None:
        actor, now = person_of(request), timezone.now()
        if not change:
            saved = self.add_row(actor, form, now)
            obj.pk, obj._state.adding = saved.pk, False
            form.row = saved
        elif form.values:
            self.change_row(actor, form, now)

    def save_related(self, request: Any, form: Any, formsets: Any, change: Any) -> None:
        for formset in formsets:
            if formset.has_changed():
                self.save_inline(person_of(request), form.row, formset, timezone.now())

    def change_form_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """Return what the page of a row shows beside its form."""
        return {"delete_words": self.delete_words}

    def render_change_form(
        self,
        request: Any,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        context |= self.change_form_context(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def render_delete_form(self, request: Any, context: Any) -> Any:
        context["delete_words"] = self.delete_words
        context["delete_consequence"] = self.delete_consequence
        return super().render_delete_form(request, context)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.remove_row(person_of(request), obj, timezone.now())

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Name the rows themselves: what hangs below them may be out of sight."""
        return [str(row) for row in objs], {}, set(), []

    def changeform_view(
        self,
        request: Any,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        """Show or take the form; what a service refuses becomes an error of it."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Stale:
            return self.conflict_page(request, str(object_id))
        except Missing:
            raise Http404 from None
        except (DomainError, IntegrityError, OperationalError) as error:
            if request.method != "POST":
                raise
            request.refusal = refusal_of(error)
        return super().changeform_view(request, object_id, form_url, extra_context)

    def delete_view(
        self, request: Any, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> Any:
        try:
            return super().delete_view(request, object_id, extra_context)
        except Missing:
            raise Http404 from None
        except (DomainError, IntegrityError) as error:
            self.message_user(request, str(refusal_of(error).message), messages.ERROR)
            return HttpResponseRedirect(self.address("change", object_id))

    def conflict_page(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show what was typed beside what is there now; nothing typed is lost."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        form_class = self.get_form(request, row, change=True)
        form = form_class(request.POST, instance=row)
        formsets, _inlines = self._create_formsets(request, row, change=True)  # type: ignore[attr-defined]
        found = differences(form)
        for formset in formsets:
            for below in formset.initial_forms:
                found += differences(below, about=str(below.instance))
        now = self.get_object(request, object_id)
        fields = resubmission(request.POST, form, formsets)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Changed in the meantime"),
            "opts": self.opts,
            "original": now,
            "differences": found,
            "fields": fields,
            "added": typed_below(formsets),
            "added_alone": without_changes(fields, form, formsets),
            "changed_by": getattr(now, "updated_by", None),
            "changed_at": getattr(now, "updated_at", None),
        }
        return TemplateResponse(request, "admin/conflict.html", context, status=409)

    def response_delete(self, request: Any, obj_display: str, obj_id: Any) -> Any:
        message = str(self.delete_done) % obj_display
        self.message_user(request, message, messages.SUCCESS)
        return HttpResponseRedirect(self.address("changelist"))
