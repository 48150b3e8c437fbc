"""A page after a cursor starts at its position in the index."""

from __future__ import annotations

import pytest
from django.db import connection

from core.models import Event
from core.scoping import Order
from tests.conftest import NOW

PLANS = {
    "sqlite": "USING INDEX event_newest ((at,id){}(?,?))",
    "postgresql": "Index Cond: (ROW(at, id) {} ROW(",
}


@pytest.mark.django_db
@pytest.mark.parametrize(("descending", "operator"), [(True, "<"), (False, ">")])
def test_a_cursor_reads_one_range_of_the_index(descending, operator):
    order = Order("at", descending)
    nobody = "0190163d-8694-739b-aea5-966c26f8ad91"
    rows = Event.objects.all().beyond(order, (NOW.isoformat(), nobody))
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")  # the table is empty
            cursor.execute("SET LOCAL enable_bitmapscan = off")
        plan = rows.order_by(*order.columns)[:10].explain()
    assert PLANS[connection.vendor].format(operator) in plan
