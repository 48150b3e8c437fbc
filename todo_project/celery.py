"""Celery: `celery -A todo_project worker`, and `celery -A todo_project beat`.

Beat sends ticks for the scheduled tasks that apps declare; workers run the tasks.
Without a broker, `manage.py background` runs the same tasks on the same schedules.
"""

from __future__ import annotations

import logging
import os
import time
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from celery import Celery, Task, signals
from celery.worker.consumer import Consumer
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from todo_project.observability import logs
from todo_project.observability.metrics import count_task, share

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "todo_project.settings")

logger = logging.getLogger(__name__)

TIME_LIMIT = 50  # seconds; less than supervisor waits for a worker to end


class ServiceTask(Task):  # type: ignore[misc]
    """A task that is counted, and whose events have the id of the request behind it.

    If no request sent it, the id is made from that of the task.
    """

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


def kombu_url(url: str) -> str:
    """Return the URL of a broker in kombu's format, which differs for sockets."""
    if not url.startswith("unix:"):
        return url
    place, _sign, query = url.partition("?")
    database = dict(parse_qsl(query)).get("db", "0")
    return f"redis+socket{place.removeprefix('unix')}?virtual_host={database}"


try:
    broker_url = kombu_url(settings.BROKER_URL)
except ImproperlyConfigured as error:
    raise SystemExit(f"Configuration: {error}") from None

app = Celery("todo_project", task_cls=ServiceTask)
app.conf.update(
    broker_url=broker_url,
    # One attempt: a broker that hangs must not delay requests that send tasks.
    broker_transport_options={
        "socket_timeout": settings.REDIS_TIMEOUT,
        "socket_connect_timeout": settings.REDIS_TIMEOUT,
        "max_retries": 0,
        # Longer than any task: otherwise a second worker would receive it as well.
        "visibility_timeout": 10 * TIME_LIMIT,
    },
    task_publish_retry=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
    # A task is redelivered if its worker is killed; all tasks are idempotent.
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=1,
    task_time_limit=TIME_LIMIT,
    task_soft_time_limit=TIME_LIMIT - 10,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_concurrency=2,  # a long task must not delay the heartbeat
    worker_enable_remote_control=False,  # access to the broker gives no control
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_consumer="todo_project.celery:ServiceConsumer",
    beat_scheduler="todo_project.beat:TickScheduler",
    timezone="UTC",
)
app.autodiscover_tasks()


class ServiceConsumer(Consumer):  # type: ignore[misc]
    """Consumes tasks, and reconnects quickly when the broker comes back."""

    def __init__(self, *args: Any, **options: Any) -> None:
        # Workers need no messages from each other, which would load the broker.
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


@signals.setup_logging.connect
def keep_logging(**_: Any) -> None:
    """Keep Celery from changing the logging that the settings define."""


@signals.celeryd_init.connect
@signals.beat_init.connect
def require_broker(**_: Any) -> None:
    """Exit with a clear message if there is no broker."""
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
    """Log with the id of the request that sent the task, or with the task's id."""
    given = (task.request.headers or {}).get("request_id", "-")
    logs.request_id.set(f"task-{task_id}" if given == "-" else given)


@signals.task_postrun.connect
def forget_request_id(**_: Any) -> None:
    logs.request_id.set("-")
