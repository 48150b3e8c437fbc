"""Celery: `celery -A todo_project worker`, and `celery -A todo_project beat`.

Without a broker, `manage.py background` does the same tasks on the same schedule.
"""

from __future__ import annotations

import logging
import os
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from celery import Celery, Task, signals
from celery.beat import Scheduler, SchedulingError
from celery.worker.consumer import Consumer
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import Error, close_old_connections
from django.utils import timezone

from todo_project.observability import logs
from todo_project.observability.metrics import count_task, share

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "todo_project.settings")

logger = logging.getLogger(__name__)

PULSE = 10  # seconds
TICK = 300  # seconds
SIGN = 5  # seconds between two signs of life of beat
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
TIME_LIMIT = 50  # seconds; less than supervisor waits for a worker to end


class OwnTask(Task):  # type: ignore[misc]
    """A task that is counted, and whose events carry the id of who asked for it."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        from core.events import origin
        from core.models import Source

        begin, outcome = time.perf_counter(), "failure"
        try:
            with origin(Source.SYSTEM, logs.request_id.get()):
                result = super().__call__(*args, **kwargs)
            outcome = "success"
            return result
        finally:
            seconds = time.perf_counter() - begin
            count_task(task=self.name, outcome=outcome, seconds=seconds)


def told_to_kombu(url: str) -> str:
    """Return the URL of a broker as kombu spells it: it has its own for sockets."""
    if not url.startswith("unix:"):
        return url
    place, _sign, query = url.partition("?")
    database = dict(parse_qsl(query)).get("db", "0")
    return f"redis+socket{place.removeprefix('unix')}?virtual_host={database}"


try:
    broker_url = told_to_kombu(settings.BROKER_URL)
except ImproperlyConfigured as error:
    raise SystemExit(f"Configuration: {error}") from None

app = Celery("todo_project", task_cls=OwnTask)
app.conf.update(
    broker_url=broker_url,
    # A broker that hangs must not hold up whoever tells it something: one try.
    broker_transport_options={
        "socket_timeout": settings.REDIS_TIMEOUT,
        "socket_connect_timeout": settings.REDIS_TIMEOUT,
        "max_retries": 0,
        # Longer than a task can take, or it would be given to a second worker.
        "visibility_timeout": 10 * TIME_LIMIT,
    },
    task_publish_retry=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # A task is done again when its worker was killed: all of them may be repeated.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_time_limit=TIME_LIMIT,
    task_soft_time_limit=TIME_LIMIT - 10,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_concurrency=2,  # one may empty a large trash while the other shows life
    worker_enable_remote_control=False,  # who reaches the broker steers nothing
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_consumer="todo_project.celery:OwnConsumer",
    beat_scheduler="todo_project.celery:Ticker",
    beat_max_loop_interval=SIGN,
    imports=("accounts.tasks", "todos.tasks"),
    timezone="UTC",
    beat_schedule={
        "pulse": {
            "task": "core.tasks.pulse",
            "schedule": PULSE,
            # Ticks that nobody took must not pile up.
            "options": {"expires": PULSE},
        },
        "prune": {
            "task": "accounts.tasks.prune",
            "schedule": TICK,
            "options": {"expires": TICK},
        },
        "empty_trash": {
            "task": "todos.tasks.empty_trash",
            "schedule": TICK,
            "options": {"expires": TICK},
        },
    },
)


class OwnConsumer(Consumer):  # type: ignore[misc]
    """Takes tasks, and soon takes them again when the broker comes back."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # Workers here have nothing to tell each other; it would go through the broker.
        alone = dict.fromkeys(
            ("without_gossip", "without_heartbeat", "without_mingle"), True
        )
        options["worker_options"] = (options.get("worker_options") or {}) | alone
        super().__init__(*args, **options)

    def ensure_connected(self, conn: Any) -> Any:
        # Celery's own pauses grow to half a minute.
        pauses = {"interval_start": 2, "interval_step": 0, "interval_max": 2}
        conn.ensure_connection = partial(conn.ensure_connection, **pauses)
        return super().ensure_connected(conn)


class Ticker(Scheduler):  # type: ignore[misc]
    """The clock: keeps no file, and goes on whatever the broker and the database do."""

    # Each tick takes a connection of the pool; one of its own would be waited for.
    producer = None
    _signed_at: float = -SIGN

    def setup_schedule(self) -> None:
        super().setup_schedule()
        self._make_all_due()

    def tick(self, *args: Any, **options: Any) -> Any:
        entries = self.schedule.values()
        if any(entry.last_run_at > entry.default_now() for entry in entries):
            self._make_all_due()  # or they would wait for the clock that was set back
        if time.monotonic() - self._signed_at >= SIGN:
            self._signed_at = time.monotonic()
            show_life("beat")
        return super().tick(*args, **options)

    def _make_all_due(self) -> None:
        """Forget when tasks were sent: a new beat does not know, nor by which clock."""
        for entry in self.schedule.values():
            entry.last_run_at = LONG_AGO
        self._heap = None

    def apply_entry(self, entry: Any, producer: Any = None) -> None:
        try:
            self.apply_async(entry, producer=producer, advance=False)
        except SchedulingError as error:
            logger.warning("tick not sent", extra={"cause": str(error)})


def show_life(name: str) -> None:
    """Note in the database that the part of this name is alive, if that can be."""
    from core.models import Heartbeat

    close_old_connections()
    try:
        Heartbeat.objects.beat(name, timezone.now())
    except Error as error:
        # What follows the first line quotes the statement.
        cause = str(error).partition("\n")[0]
        logger.warning("sign of life not written", extra={"cause": cause})


@signals.setup_logging.connect
def keep_logging(**_: Any) -> None:
    """Leave logging as the settings have it: Celery asks who else sets it up."""


@signals.celeryd_init.connect
@signals.beat_init.connect
def require_broker(**_: Any) -> None:
    """End in a sentence where there is nothing to talk through."""
    if not settings.BROKER_URL:
        raise SystemExit(
            "Configuration: Celery needs REDIS_URL (or BROKER_URL); without Redis, "
            "manage.py background does the same."
        )


@signals.worker_process_init.connect
def share_metrics(**_: Any) -> None:
    share(settings.METRICS_DIR)


@signals.before_task_publish.connect
def send_request_id(headers: dict[str, Any], **_: Any) -> None:
    headers["request_id"] = logs.request_id.get()


@signals.task_prerun.connect
def take_request_id(task_id: str, task: Task, **_: Any) -> None:
    """Name what this process does from here on after the request that asked for it."""
    given = (task.request.headers or {}).get("request_id", "-")
    logs.request_id.set(f"task-{task_id}" if given == "-" else given)


@signals.task_postrun.connect
def forget_request_id(**_: Any) -> None:
    logs.request_id.set("-")
