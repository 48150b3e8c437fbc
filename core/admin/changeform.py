"""The changeform: collect input, call a service to write it, show refusals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib.admin.exceptions import DisallowedModelAdminToField
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, OperationalError, transaction
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.utils import timezone

from core.admin.conflicts import conflict_page
from core.admin.form_page import Form, FormBuilder, FormPage, to_field_of
from core.admin.forms import ScopedFormSet
from core.admin.gone import ChoiceGone, Refusal, gone_context
from core.admin.permissions import Row, request_user
from core.admin.urls import page_url
from core.errors import DomainError, Missing, Stale, refusal_of
from core.forms import kept, once
from core.users import User


class ChangeForm(FormBuilder[Row, Form]):
    """The page of one row, which writes only through services.

    Subclasses implement how rows are added and changed. This class replaces Django's
    changeform_view, which cannot handle a write that is refused after validation: see
    docs/decisions/0021.
    """

    # --- Hooks for subclasses ---------------------------------------------------

    def add(self, actor: User, form: Form, now: datetime) -> Row:
        raise NotImplementedError

    def change(self, actor: User, form: Form, now: datetime) -> None:
        raise NotImplementedError

    def save_inline(
        self, actor: User, row: Row, formset: ScopedFormSet, now: datetime
    ) -> None:
        raise NotImplementedError

    def after_add(self, request: HttpRequest, row: Row, form: Form) -> HttpResponse:
        return self.model_admin.response_add(request, row)

    def after_change(self, request: HttpRequest, row: Row) -> HttpResponse:
        return self.model_admin.response_change(request, row)

    def after_repeat(self, request: HttpRequest, row: Row, form: Form) -> HttpResponse:
        """Answer a form that was sent twice, as its first submission was answered."""
        if form.is_new:
            return self.after_add(request, row, form)
        return self.after_change(request, row)

    def offers_for_gone(
        self, request: HttpRequest, object_id: str
    ) -> list[tuple[str, str]]:
        """Return what can be done for a row that is gone: labels and URLs of buttons.

        They send everything that was typed.
        """
        return []

    # --- The page ---------------------------------------------------------------

    def respond(
        self,
        request: HttpRequest,
        object_id: str | None,
        form_url: str,
        extra_context: dict[str, Any] | None,
    ) -> HttpResponse:
        """Show the form, process its submission, or show again what was kept of it."""
        context = extra_context or {}
        data = None
        if request.method == "GET":
            data = kept.take(request, request.path)
        if data is None:
            saves = request.method == "POST"
            return self._respond(request, object_id, form_url, context, saves=saves)
        with kept.as_sent(request, data):
            return self._respond(request, object_id, form_url, context, saves=False)

    def _respond(
        self,
        request: HttpRequest,
        object_id: str | None,
        form_url: str,
        extra_context: dict[str, Any],
        *,
        saves: bool,
    ) -> HttpResponse:
        try:
            row = self._load(request, object_id)
        except (Http404, PermissionDenied) as refusal:
            return self._gone(request, object_id, refusal)
        is_sent = request.method == "POST"
        page = self.bound(request, row) if is_sent else self.unbound(request, row)
        if saves:
            is_valid = page.is_valid()
            response = (self._save if is_valid else self._repeat)(request, page)
            if response is not None:
                return response
        context = {"is_unsaved": is_sent} | self.page_context(request, page)
        return self._render(request, page, context | extra_context, form_url)

    def _render(
        self,
        request: HttpRequest,
        page: FormPage[Row, Form],
        context: dict[str, Any],
        form_url: str,
    ) -> HttpResponse:
        return self.model_admin.render_change_form(
            request,
            context,
            add=page.row is None,
            change=page.row is not None,
            obj=page.row,
            form_url=form_url,
        )

    def _load(self, request: HttpRequest, object_id: str | None) -> Row | None:
        """Return the row if the user may open or change it; None for a new one."""
        model_admin = self.model_admin
        to_field = to_field_of(request)
        if to_field and not model_admin.to_field_allowed(request, to_field):
            raise DisallowedModelAdminToField(f"{to_field} cannot be referenced.")
        if object_id is None:
            if not model_admin.has_add_permission(request):
                raise PermissionDenied
            return None
        row: Row | None = model_admin.get_object(request, unquote(object_id), to_field)
        is_permitted = (
            model_admin.has_change_permission(request, row)
            if request.method == "POST"
            else model_admin.has_view_or_change_permission(request, row)
        )
        if not is_permitted:
            raise PermissionDenied
        if row is None:
            raise Http404
        return row

    def _save(
        self, request: HttpRequest, page: FormPage[Row, Form]
    ) -> HttpResponse | None:
        """Write the input in one transaction; return None to show the form again."""
        try:
            with transaction.atomic():
                row = self._write(request, page)
        except once.SentBefore:
            return self._repeat(request, page)
        except Stale:
            return self._conflict(request, page)
        except Missing:
            return self._missing(request, page)
        except (DomainError, IntegrityError, OperationalError) as error:
            page.form.add_refusal(refusal_of(error))
            return None
        saved = page.form.instance
        if page.row is not None:
            return self.after_change(request, saved)
        saved.pk = row.pk
        return self.after_add(request, saved, page.form)

    def _write(self, request: HttpRequest, page: FormPage[Row, Form]) -> Row:
        actor, now, form = request_user(request), timezone.now(), page.form
        claim = self._claim(request, page, now)
        row: Row = self.add(actor, form, now) if page.row is None else form.row
        if claim and page.row is None:
            once.note_row(claim, row.pk)
        if page.row is not None and form.values:
            self.change(actor, form, now)
        for formset in page.formsets:
            if formset.has_changed():
                self.save_inline(actor, row, formset, now)
        return row

    def _claim(
        self, request: HttpRequest, page: FormPage[Row, Form], now: datetime
    ) -> once.Claim | None:
        """Let the form take effect once; only forms that add rows need a token.

        Changes of rows are protected by their versions as well.
        """
        user, data = request_user(request), request.POST
        if page.adds_rows or (page.has_effect and once.is_from(user, data)):
            return once.claim(user, data, now)
        return None

    def _repeat(
        self, request: HttpRequest, page: FormPage[Row, Form]
    ) -> HttpResponse | None:
        """Answer a form that took effect before; return None for any other.

        It may not be valid a second time, since its row exists now.
        """
        claim = once.find_claim(request_user(request), request.POST)
        if claim is None:
            return None
        if page.row is not None:
            return self.after_repeat(request, page.form.instance, page.form)
        row: Row | None = self.model_admin.get_object(request, claim.resource_id)
        if row is None:
            return HttpResponseRedirect(page_url(self.model_admin.model, "changelist"))
        return self.after_repeat(request, row, page.form)

    def _conflict(
        self, request: HttpRequest, page: FormPage[Row, Form]
    ) -> HttpResponse:
        """Show the user's input next to the row's current values."""
        row = page.row and self.model_admin.get_object(request, str(page.row.pk))
        if row is None:
            return self._gone(request, str(page.row and page.row.pk), Http404())
        page = self.bound(request, row)
        return conflict_page(self.model_admin, request, page.form, page.formsets)

    def _missing(
        self, request: HttpRequest, page: FormPage[Row, Form]
    ) -> HttpResponse | None:
        """Show the form again without rows that disappeared while it was saved."""
        if page.row is not None:
            row = self.model_admin.get_object(request, str(page.row.pk))
            if row is None:
                return self._gone(request, str(page.row.pk), Http404())
            page.replace_by(self.bound(request, row))
            page.is_valid()
        page.form.add_refusal(ChoiceGone())
        return None

    def _gone(
        self, request: HttpRequest, object_id: str | None, refusal: Refusal
    ) -> HttpResponse:
        """Show what was typed for a row that cannot be saved, to save it as a new one.

        Raise the refusal if nothing was typed, or if the user cannot add rows.
        """
        can_add = object_id is not None and self.model_admin.has_add_permission(request)
        if not can_add or not kept.texts_in(kept.input_of(request)):
            raise refusal
        page = self.bound(request, None)
        context = self.page_context(request, page) | gone_context(
            page.form, kept.input_of(request), refusal
        )
        context["offers"] = self.offers_for_gone(request, str(object_id))
        form_url = page_url(self.model_admin.model, "add")
        response = self._render(request, page, context, form_url)
        response.status_code = 404 if isinstance(refusal, Http404) else 403
        return response
