"""What one click does, and what is done to many rows at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import ValidationError
from django.db import IntegrityError, OperationalError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString

from core.admin.permissions import person_of
from core.errors import Busy, Conflict, DomainError, Missing

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


def way_back(request: HttpRequest, fallback: str) -> str:
    """Return the page that the form came from, if it is one of ours."""
    to = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        to, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return to if ours else fallback


class ActingAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Acts by services and says what came of it."""

    row_name: str  # the keyword under which the services take a row

    def permitted_actions(self, request: HttpRequest, *names: str) -> dict[str, Any]:
        """Return those of the named actions that the person may take at all."""
        offered = [self.get_action(name) for name in names]
        allowed = self._filter_actions_by_permissions(request, offered)  # type: ignore[attr-defined]
        return {name: (function, name, words) for function, name, words in allowed}

    def can_act_on(self, row: Any) -> bool:
        """Tell whether an action may work for this row: only then it can be chosen."""
        return True

    def action_checkbox(self, obj: Any) -> SafeString:
        return super().action_checkbox(obj) if self.can_act_on(obj) else SafeString()

    def apply_to_each(
        self,
        request: HttpRequest,
        rows: Iterable[Any],
        verb: Callable[..., object],
        done: Callable[[int], str],
    ) -> None:
        """Call a service with each row; tell how many it worked for, and why not."""
        given = {"actor": person_of(request), "now": timezone.now()}
        count, refused = 0, Counter[str]()
        chosen = list(rows)[:MOST_AT_ONCE]
        for index, row in enumerate(chosen):
            try:
                verb(**given, **{self.row_name: row})
            except OperationalError:
                # Who waited in vain once does not wait for each of the rest.
                refused[str(Busy.message)] += len(chosen) - index
                break
            except (DomainError, IntegrityError) as error:
                refused[str(refusal_of(error).message)] += 1
            else:
                count += 1
        if count:
            self.message_user(request, done(count), messages.SUCCESS)
        for reason, times in refused.items():
            text = f"{reason} ({times})" if times > 1 else reason
            self.message_user(request, text, messages.ERROR)

    def response_action(
        self, request: Any, queryset: QuerySet[Any], *args: Any, **options: Any
    ) -> Any:
        # "All pages" is not offered: an action takes what the person has seen.
        typed = request.POST.copy()
        typed["select_across"] = "0"
        chosen = typed.getlist(ACTION_CHECKBOX_NAME)
        typed.setlist(ACTION_CHECKBOX_NAME, filter(self._is_key, chosen))
        request.POST = typed
        return super().response_action(request, queryset, *args, **options)

    def _is_key(self, text: str) -> bool:
        try:
            self.opts.pk.to_python(text)
        except ValidationError:
            return False
        return True

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
