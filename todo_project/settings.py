"""Settings. Those that differ between installations come from the environment."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from todo_project.env import (
    env_base_path,
    env_bool,
    env_choice,
    env_database,
    env_hosts,
    env_int,
    env_key,
    env_list,
    env_networks,
    env_origins,
    env_path,
    env_ports,
    env_redis,
    env_str,
    user_data_dir,
)
from todo_project.file_store import file_store
from todo_project.observability.logs import logging_settings
from todo_project.secret_key import stored_secret

PACKAGE_DIR = Path(__file__).resolve().parent
# A wheel holds templates, static files and translations inside the package.
IS_INSTALLED = (PACKAGE_DIR / "resources").is_dir()
BASE_DIR = PACKAGE_DIR / "resources" if IS_INSTALLED else PACKAGE_DIR.parent
DATA_DIR = env_path(
    "DATA_DIR",
    default=user_data_dir("todo-service") if IS_INSTALLED else BASE_DIR / "var",
).resolve()
RELEASE = "0.1.0"

DEBUG = env_bool("DEBUG", default=False)
# Below this path is everything: pages, API, static files, cookies.
BASE_PATH = env_base_path("BASE_PATH")
FORCE_SCRIPT_NAME = BASE_PATH or None
ALLOWED_HOSTS = env_hosts("ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1]")
# In addition to the port that the server listens on.
ALLOWED_PORTS = env_ports("ALLOWED_PORTS")
CSRF_TRUSTED_ORIGINS = env_origins("CSRF_TRUSTED_ORIGINS")

# --- Database -----------------------------------------------------------------

LOCK_TIMEOUT = 2  # seconds; shorter than STATEMENT_TIMEOUT
STATEMENT_TIMEOUT = 5  # seconds; shorter than the app server's request timeout
# Seconds, for a server that hangs and enforces no timeout itself. Together with an
# attempt to connect again, a request gets its answer within ten seconds.
ANSWER_TIMEOUT = 6
CONNECT_TIMEOUT = 2  # seconds; the minimum of libpq

DATABASE = env_database(
    "DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'todo.sqlite3'}"
)
ON_SQLITE = DATABASE["ENGINE"].endswith("sqlite3")
if ON_SQLITE:
    DATABASE["OPTIONS"] = {
        # Take the write lock at the start, so that no transaction fails half-way.
        "transaction_mode": "IMMEDIATE",
        "timeout": LOCK_TIMEOUT,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
    # Tests with threads need a file: an in-memory database has one connection.
    DATABASE["TEST"] = {"NAME": str(DATA_DIR / "test.sqlite3")}
else:
    DATABASE["OPTIONS"] = {
        "options": f"-c lock_timeout={LOCK_TIMEOUT}s "
        f"-c statement_timeout={STATEMENT_TIMEOUT}s",
        "connect_timeout": CONNECT_TIMEOUT,
        # Detect a server that disappeared without closing the connection.
        "keepalives_idle": 30,  # seconds
        "keepalives_interval": 5,  # seconds
        "keepalives_count": 3,
        "tcp_user_timeout": STATEMENT_TIMEOUT * 1000,  # milliseconds
    } | DATABASE["OPTIONS"]
    DATABASE["CONN_HEALTH_CHECKS"] = True
DATABASE["CONN_MAX_AGE"] = env_int("CONN_MAX_AGE", default=60, minimum=0, maximum=3600)
DATABASES: dict[str, Any] = {"default": DATABASE}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

SECRET_KEY = env_key("SECRET_KEY")
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")
if not SECRET_KEY:
    if not ON_SQLITE:
        # Machines that share a database must share the key as well.
        raise ImproperlyConfigured("SECRET_KEY (or SECRET_KEY_FILE) must be set.")
    SECRET_KEY = stored_secret(DATA_DIR / "secret_key")

# --- Applications -------------------------------------------------------------

INSTALLED_APPS = [
    "todo_project.apps.AdminConfig",
    "core",
    "accounts",  # before auth, to replace its commands, which record no events
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "files",
    "todos",
    "todo_project.apps.ProjectConfig",
]
MIDDLEWARE = [
    "todo_project.middleware.RequestIdMiddleware",
    "todo_project.observability.middleware.RequestMetricsMiddleware",
    "todo_project.middleware.SecurityHeadersMiddleware",
    "todo_project.middleware.ContentLengthMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "todo_project.middleware.EncryptedResponseMiddleware",
    "todo_project.middleware.ProblemMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "todo_project.middleware.InputGateMiddleware",
    "todo_project.observability.health.ProbeMiddleware",
    "todo_project.middleware.HostPortMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "todo_project.overload.RefuseLateRequests",
    "todo_project.middleware.ConditionalMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.middleware.SignedInMiddleware",
    "accounts.middleware.PersonMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
# SQLite cannot store the comments of columns and tables.
SILENCED_SYSTEM_CHECKS = ["fields.W163", "models.W046"]
ROOT_URLCONF = "todo_project.urls"
WSGI_APPLICATION = "todo_project.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["core.templatetags.directions"],
        },
    }
]
# Most widgets have no template.
FORM_RENDERER = "core.forms.renderer.Renderer"

# --- Redis --------------------------------------------------------------------

# If empty, there is no cache and no broker; `manage.py background` runs the tasks.
REDIS_URL = env_redis("REDIS_URL")
BROKER_URL = env_redis("BROKER_URL", default=REDIS_URL)
REDIS_TIMEOUT = 0.25  # seconds; after that, the database is the faster way

# No local-memory cache: a cache must be shared by all processes.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}
if REDIS_URL:
    CACHES["default"] = {
        "BACKEND": "todo_project.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "todo",
    }
SESSION_ENGINE = "accounts.sessions"

# --- People -------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["accounts.backends.RoleBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{module}.password_validation.{name}"}
    for module, name in (
        ("django.contrib.auth", "UserAttributeSimilarityValidator"),
        ("accounts", "MinimumLengthValidator"),
        ("django.contrib.auth", "CommonPasswordValidator"),
        ("django.contrib.auth", "NumericPasswordValidator"),
    )
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

# --- Requests -----------------------------------------------------------------

DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024  # bytes of one request body
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
INPUT_MAX_JSON_DEPTH = 16

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],  # each door declares its own
    "DEFAULT_PERMISSION_CLASSES": ["core.api.permissions.ScopedPermission"],
    "DEFAULT_PARSER_CLASSES": [
        "core.api.parsers.StrictJSONParser",
        "core.api.parsers.StrictFormParser",
        "core.api.parsers.StrictMultiPartParser",
        "core.api.encrypted.JoseParser",
        "core.api.encrypted.JoseJSONParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["core.api.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "core.api.negotiation.Negotiation",
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_FILTER_BACKENDS": ["core.api.filters.FilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.KeysetPagination",
    "DEFAULT_SCHEMA_CLASS": "todo_project.openapi.ApiSchema",
    "EXCEPTION_HANDLER": "core.api.exceptions.problem_handler",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "DEFAULT_VERSIONING_CLASS": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Todo service",
    "VERSION": RELEASE,
    "LICENSE": {"name": "BSD-3-Clause", "identifier": "BSD-3-Clause"},
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SCHEMA_COERCE_PATH_PK_SUFFIX": True,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "PATH_CONVERTER_OVERRIDES": {"number": int},
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "todo_project.openapi.complete",
    ],
}
if BASE_PATH:
    SPECTACULAR_SETTINGS["SERVERS"] = [{"url": BASE_PATH}]

# After that time in the queue of the app servers, a request is refused.
QUEUE_SECONDS = env_int("QUEUE_SECONDS", default=5, minimum=1, maximum=30)

# Proxies whose X-Forwarded-For and X-Forwarded-Proto are trusted over HTTP.
TRUSTED_PROXIES = env_networks("TRUSTED_PROXIES")

# --- Todos --------------------------------------------------------------------

TRASH_DAYS = env_int("TRASH_DAYS", default=30, minimum=1, maximum=3650)
IDEMPOTENCY_DAYS = 7

# --- Language and time --------------------------------------------------------

LANGUAGE_CODE = "en"
# By their own names: people may not be able to read the current language.
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
# The sign-in page is in the language of the last user of this browser.
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600  # seconds
LANGUAGE_COOKIE_HTTPONLY = True
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "todo_project.formats"
TIME_ZONE = "UTC"
USE_TZ = True

# --- Static files -------------------------------------------------------------

STATIC_URL = f"{BASE_PATH}/static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "todo_project.static.ReleaseStorage"},
}
MEDIA_ROOT = DATA_DIR / "media"
MEDIA_URL = f"{BASE_PATH}/media/"

# --- Files --------------------------------------------------------------------

MEGABYTE = 1024 * 1024
FILE_LIMIT = MEGABYTE * env_int("FILE_MB", default=100, minimum=1, maximum=100_000)
USER_FILES_LIMIT = MEGABYTE * env_int(
    "USER_FILES_MB", default=1000, minimum=1, maximum=100_000_000
)
LIST_FILES_LIMIT = MEGABYTE * env_int(
    "LIST_FILES_MB", default=10_000, minimum=1, maximum=100_000_000
)
STORAGES["files"] = file_store(
    MEDIA_ROOT / "files",
    bucket=env_str("S3_BUCKET"),
    endpoint=env_str("S3_ENDPOINT"),
    region=env_str("S3_REGION"),
    access_key=env_str("S3_ACCESS_KEY"),
    secret_key=env_str("S3_SECRET_KEY"),
)

# --- HTTPS --------------------------------------------------------------------

# The embedded default serves plain HTTP on the loopback address.
HTTPS = env_bool("HTTPS", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_REDIRECT_EXEMPT = [
    f"^{re.escape(f'{BASE_PATH}/{probe}'[1:])}$" for probe in ("livez", "readyz")
]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
# No includeSubDomains or preload: other subdomains may belong to other services.
SILENCED_SYSTEM_CHECKS += ["security.W005", "security.W021"]
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = LANGUAGE_COOKIE_PATH = f"{BASE_PATH}/"
# Another service of the same host may use Django's names, and its cookies arrive too.
SESSION_COOKIE_NAME = f"sessionid{BASE_PATH.replace('/', '_')}"
CSRF_COOKIE_NAME = f"csrftoken{BASE_PATH.replace('/', '_')}"
CSRF_FAILURE_VIEW = "todo_project.error_views.csrf_failure"

# --- Monitoring ---------------------------------------------------------------

# Grants access to /metrics and the causes at /readyz; if empty, both are disabled.
OPERATOR_TOKEN = env_str("OPERATOR_TOKEN")
METRICS_DIR = env_path("METRICS_DIR", default=DATA_DIR / "metrics")
SLOW_REQUEST_MS = env_int("SLOW_REQUEST_MS", default=1000, minimum=0, maximum=60000)
SLOW_QUERY_MS = env_int("SLOW_QUERY_MS", default=200, minimum=0, maximum=60000)

# --- Logs ---------------------------------------------------------------------

LOG_LEVEL = env_choice("LOG_LEVEL", "DEBUG", "INFO", "WARNING", "ERROR", default="INFO")
# JSON for log collectors, readable lines in a terminal.
LOG_FORMAT = env_choice(
    "LOG_FORMAT", "json", "line", default="line" if sys.stderr.isatty() else "json"
)
# By default only without Redis, because nginx logs requests in a full deployment.
LOG_REQUESTS = env_bool("LOG_REQUESTS", default=not REDIS_URL)
LOGGING = logging_settings(level=LOG_LEVEL, form=LOG_FORMAT)
