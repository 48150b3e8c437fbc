"""The page of a model: scoped when read, services when written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.db import IntegrityError, OperationalError
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.admin.conflicts import differences, resubmission
from accounts.admin.forms import ServiceForm
from accounts.admin.history import history_of, present
from accounts.admin.paging import BoundedPaginator
from accounts.admin.rights import ScopedRights, person_of
from accounts.errors import Busy, Conflict, DomainError, Missing, Stale
from accounts.models import Event, User
from accounts.site import NavItem

HISTORY_LENGTH = 200
MOST_AT_ONCE = 200  # rows of one bulk action


def refusal_of(error: Exception) -> DomainError:
    """Return the refusal that an error of a write amounts to."""
    match error:
        case DomainError():
            return error
        case OperationalError():
            return Busy()
        case _:  # two writers raced to one constraint
            return Conflict()


class ScopedModelAdmin(ScopedRights, admin.ModelAdmin):  # type: ignore[type-arg]
    """Shows what the person may see and writes through services alone.

    A subclass says how rows are added, changed and removed; what it does not say
    cannot be done.
    """

    is_scoped = True
    form = ServiceForm
    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    list_select_related = False
    actions_selection_counter = True
    view_on_site = False
    # What the address of a table may ask for, beside its filters.
    allowed_lookups: frozenset[str] = frozenset()
    resource_type = ""  # as the event log calls it
    icon = "list"
    nav_order: int | None = None
    nav_section: str | Promise = ""
    # What deleting a row is called here, and what comes of it.
    delete_words: str | Promise = ""
    delete_consequence: str | Promise = ""
    delete_done: str | Promise = gettext_lazy("“%s” was deleted.")

    def __init__(self, model: type[Model], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.require_scope()

    # --- What the person finds

    def nav(self, request: HttpRequest) -> list[NavItem]:
        if self.nav_order is None:
            return []
        label = self.opts.verbose_name_plural or ""
        url = self.address("changelist")
        return [NavItem(label, url, self.icon, self.nav_section, order=self.nav_order)]

    def home_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return what this page contributes to the first page."""
        return {}

    def address(self, page: str, *args: Any) -> str:
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_{page}"
        return reverse(name, args=args, current_app=self.admin_site.name)

    def lookup_allowed(self, lookup: str, value: Any, request: Any = None) -> bool:
        """Allow the parameters of this table's filters and those named beside them."""
        filters = {
            getattr(spec, "parameter_name", None)
            for spec in self.get_list_filter(request)
        }
        return lookup in filters | self.allowed_lookups

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and (obj is None or self.can_edit(request, obj))

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        allowed: bool = super().has_delete_permission(request, obj)
        return allowed and (obj is None or self.can_edit(request, obj))

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        return to_field in {"pk", self.opts.pk.name}

    def _get_obj_does_not_exist_redirect(self, *_args: Any) -> HttpResponse:
        """Answer for a row out of sight as for one that does not exist."""
        raise Http404

    # --- What the person writes

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
        given = {"request": request, "refusal": getattr(request, "refusal", None)}
        return type(form)(form.__name__, (form,), given)

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

    def render_change_form(self, request: Any, context: Any, **options: Any) -> Any:
        context["delete_words"] = self.delete_words
        return super().render_change_form(request, context, **options)

    def render_delete_form(self, request: Any, context: Any) -> Any:
        context["delete_words"] = self.delete_words
        context["delete_consequence"] = self.delete_consequence
        return super().render_delete_form(request, context)  # type: ignore[misc]

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
        formsets, _inlines = self._create_formsets(request, row, change=True)
        found = differences(form)
        for formset in formsets:
            for below in formset.initial_forms:
                found += differences(below, about=str(below.instance))
        now = self.get_object(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Changed in the meantime"),
            "opts": self.opts,
            "original": now,
            "differences": found,
            "fields": resubmission(request.POST, form, formsets),
            "changed_by": getattr(now, "updated_by", None),
            "changed_at": getattr(now, "updated_at", None),
        }
        return TemplateResponse(request, "admin/conflict.html", context, status=409)

    def response_delete(self, request: Any, obj_display: str, obj_id: Any) -> Any:
        message = str(self.delete_done) % obj_display
        self.message_user(request, message, messages.SUCCESS)
        return HttpResponseRedirect(self.address("changelist"))

    # --- What was done

    def history_rows(self, request: HttpRequest, row: Any) -> QuerySet[Event]:
        """Return the events about a row that the person may read, newest first."""
        return history_of(person_of(request), self.resource_type, row.pk)

    def history_view(
        self,
        request: HttpRequest,
        object_id: str,
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        row = self.get_object(request, object_id)
        if row is None or not self.has_view_permission(request, row):
            raise Http404
        events = list(self.history_rows(request, row)[:HISTORY_LENGTH])
        context = {
            **self.admin_site.each_context(request),
            "title": _("History"),
            "subtitle": str(row),
            "opts": self.opts,
            "object": row,
            "events": present(events, person_of(request)),
        }
        return TemplateResponse(request, "admin/object_history.html", context)

    def log_addition(self, *_args: Any) -> Any:
        """Leave Django's own log empty: services record events."""

    def log_change(self, *_args: Any) -> Any:
        """See `log_addition`."""

    def log_deletions(self, *_args: Any) -> Any:
        """See `log_addition`."""

    def construct_change_message(self, *_args: Any, **_options: Any) -> Any:
        return []

    # --- Many at once, and at one click

    def apply_to_each(
        self,
        request: HttpRequest,
        rows: Iterable[Any],
        verb: Callable[[Any], object],
        done: Callable[[int], str],
    ) -> None:
        """Do something to each row; tell how many it worked for, and why not."""
        count, refused = 0, Counter[str]()
        for row in list(rows)[:MOST_AT_ONCE]:
            try:
                verb(row)
            except (DomainError, IntegrityError, OperationalError) as error:
                refused[str(refusal_of(error).message)] += 1
            else:
                count += 1
        if count:
            self.message_user(request, done(count), messages.SUCCESS)
        for reason, times in refused.items():
            text = f"{reason} ({times})" if times > 1 else reason
            self.message_user(request, text, messages.ERROR)

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        # "All pages" is not offered: an action takes what the person has seen.
        request.POST = request.POST.copy()
        request.POST["select_across"] = "0"
        return super().response_action(request, queryset)

    def at_one_click(
        self, request: HttpRequest, verb: Callable[[], str], fallback: str
    ) -> HttpResponseBase:
        """Do one thing and go back to where the click was."""
        try:
            self.message_user(request, verb(), messages.SUCCESS)
        except Missing:
            raise Http404 from None
        except (DomainError, IntegrityError, OperationalError) as error:
            self.message_user(request, str(refusal_of(error).message), messages.ERROR)
        return HttpResponseRedirect(way_back(request, fallback))


def way_back(request: HttpRequest, fallback: str) -> str:
    """Return the page that the form came from, if it is one of ours."""
    to = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        to, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return to if ours else fallback


def link_to(page: str, pk: Any) -> str | None:
    """Return the address of a row's page, if there is such a page."""
    try:
        return reverse(f"admin:{page}_change", args=[pk])
    except NoReverseMatch:
        return None
