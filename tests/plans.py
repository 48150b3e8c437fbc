"""Query plans: what must not be in that of any page, however many rows there are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

Plan = dict[str, Any]

FEW_ROWS = 2_000  # of a table may be scanned
# More rows than these must not be so many times as many as the plan expected.
MANY_ROWS, UNEXPECTED = 12_000, 50


def plans_of(client: Any, address: str) -> dict[str, Plan]:
    """Return the plan of each SELECT of a request, by its SQL."""
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200, (address, answer.content)
    selects = [q["sql"] for q in queries if q["sql"].lstrip().startswith("SELECT")]
    return {sql: plan_of(sql) for sql in selects}


def plan_of(sql: str) -> Plan:
    with connection.cursor() as cursor:
        explain = f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}"
        cursor.execute(explain.replace("%", "%%"))
        (found,) = cursor.fetchone()
    return dict((json.loads(found) if isinstance(found, str) else found)[0]["Plan"])


def blocks(plan: Plan) -> int:
    """Return how many blocks of 8 KiB the statement reads."""
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


def nodes(plan: Plan) -> Iterator[Plan]:
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def faults(plan: Plan) -> list[str]:
    """Return what is wrong: scans of whole tables, work on disk, wrong estimates."""
    return [fault for node in nodes(plan) for fault in _faults_of(node)]


def excess(plan: Plan) -> list[str]:
    """Return where a page without filters reads many more rows than it shows."""
    return [
        f"{_rows_of(node)} rows of {node['Relation Name']} are read"
        for node in nodes(plan)
        if "Relation Name" in node and _rows_of(node) > FEW_ROWS
    ]


def scanned(plan: Plan) -> set[str]:
    """Return the tables of which the plan reads all rows."""
    return {
        node["Relation Name"] for node in nodes(plan) if node["Node Type"] == "Seq Scan"
    }


def rows_read(plan: Plan, table: str) -> int:
    """Return how many rows of the table were read, including filtered ones."""
    return sum(
        _rows_of(node) for node in nodes(plan) if node.get("Relation Name") == table
    )


def _rows_of(node: Plan) -> int:
    each = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    return round(each * node["Actual Loops"])


def _faults_of(node: Plan) -> Iterator[str]:
    kind, table = node["Node Type"], node.get("Relation Name")
    scanned = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
    if kind == "Seq Scan" and scanned > FEW_ROWS:
        yield f"a scan of all of {table}"
    if node.get("Temp Written Blocks"):
        yield f"{kind} on disk"
    expected, found = node["Plan Rows"], node["Actual Rows"]
    if found > MANY_ROWS and found > UNEXPECTED * expected:
        yield f"{kind} of {table}: {found} rows where {expected} were expected"
