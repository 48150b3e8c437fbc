# One image for web, worker, beat and migrate (target app), and one for nginx.
# The base can be any Debian from 12 on, whose Python runs the service.
ARG BASE_IMAGE=debian:13-slim

# --- Shared by both: an unprivileged user and the folders of DATA_DIR ------------
FROM ${BASE_IMAGE} AS base
ENV DATA_DIR=/data
# /data/static belongs to root, who fills it at build time. migrate copies it to
# /srv/static, the volume of nginx.
RUN groupadd --gid 10001 todo && \
    useradd --no-log-init --uid 10001 --gid todo --home-dir /data --no-create-home \
        --shell /usr/sbin/nologin todo && \
    mkdir --parents /data/static && \
    install --directory --mode=0750 --owner=todo --group=todo \
        /data/media /data/metrics /data/run /srv/static

# --- Wheels; the compiler is not part of the final image ------------------------
FROM base AS build
# The base image determines the versions.
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install --yes --no-install-recommends gcc libc6-dev python3-dev python3-pip \
        python3-setuptools python3-venv python3-wheel && \
    rm -rf /var/lib/apt/lists/*
WORKDIR /srv/todo
COPY requirements.txt ./
# Without isolation, Debian's setuptools builds uWSGI instead of an unlocked version.
RUN python3 -m pip wheel --no-cache-dir --no-build-isolation --require-hashes --no-deps \
        --requirement requirements.txt --wheel-dir /wheels && \
    python3 -m venv --without-pip .venv && \
    python3 -m pip --python .venv/bin/python install --no-cache-dir --no-index --no-deps \
        /wheels/*.whl

# --- The service ----------------------------------------------------------------
FROM base AS app
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# uWSGI needs libpython, whose package name contains the version.
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install --yes --no-install-recommends python3 && \
    apt-get install --yes --no-install-recommends \
        "lib$(python3 -c 'import sys; print("python%d.%d" % sys.version_info[:2])')" && \
    rm -rf /var/lib/apt/lists/*
WORKDIR /srv/todo
ENV APP=/srv/todo INSTANCE=0 LOG_FORMAT=json \
    PATH=/srv/todo/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY --from=build /srv/todo/.venv .venv
COPY . .
# A dummy key, because without one the service would create and store a real one.
RUN SECRET_KEY=$(printf %050d 0) python manage.py collectstatic --no-input --skip-checks \
        --verbosity 0 && \
    python -m compileall -q manage.py accounts core files todos todo_project
USER 10001:10001
ARG VERSION=unknown
LABEL org.opencontainers.image.title="Todo service" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.licenses="BSD-3-Clause"
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "deploy/health.py", "web"]
# On TERM, uWSGI finishes running requests and ends.
CMD ["deploy/serve"]

# --- nginx ----------------------------------------------------------------------
FROM base AS nginx
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install --yes --no-install-recommends nginx && \
    rm -rf /var/lib/apt/lists/* /etc/nginx/sites-enabled/default
COPY deploy/nginx.conf /etc/todo/nginx.conf
COPY deploy/nginx /etc/todo/nginx
COPY deploy/site /etc/todo/site
USER 10001:10001
WORKDIR /data
ARG VERSION=unknown
LABEL org.opencontainers.image.title="Todo service: nginx" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.licenses="BSD-3-Clause"
EXPOSE 8080 8443
# Any HTTP response is enough: the app servers have health checks of their own.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /livez HTTP/1.0\\r\\n\\r\\n' >&3 && grep --quiet ^HTTP/ <&3"]
# QUIT is nginx's graceful stop.
STOPSIGNAL SIGQUIT
CMD ["nginx", "-e", "stderr", "-p", "/data", "-c", "/etc/todo/nginx.conf", "-g", "daemon off;"]
