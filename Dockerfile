# One image for web, worker, beat and migrate (target app), one for nginx.
# Any Debian from 12 on does as a base; its Python runs the service.
ARG BASE_IMAGE=debian:13-slim

# --- What both have: a user without rights, and the folders of DATA_DIR ---------
FROM ${BASE_IMAGE} AS base
ENV DATA_DIR=/data
# /data/static stays root's, who fills it; /srv/static is where nginx's volume is filled.
RUN groupadd --gid 10001 todo && \
    useradd --no-log-init --uid 10001 --gid todo --home-dir /data --no-create-home \
        --shell /usr/sbin/nologin todo && \
    mkdir --parents /data/static && \
    install --directory --mode=0750 --owner=todo --group=todo \
        /data/media /data/metrics /data/run /srv/static

# --- Wheels: the compiler stays behind here -------------------------------------
FROM base AS build
# The base image says which versions there are.
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install --yes --no-install-recommends gcc libc6-dev python3-dev python3-pip \
        python3-setuptools python3-venv python3-wheel && \
    rm -rf /var/lib/apt/lists/*
WORKDIR /srv/todo
COPY requirements.txt ./
# Without isolation uWSGI is built by Debian's setuptools, not by one nobody locked.
RUN python3 -m pip wheel --no-cache-dir --no-build-isolation --require-hashes --no-deps \
        --requirement requirements.txt --wheel-dir /wheels && \
    python3 -m venv --without-pip .venv && \
    python3 -m pip --python .venv/bin/python install --no-cache-dir --no-index --no-deps \
        /wheels/*.whl

# --- The service ----------------------------------------------------------------
FROM base AS app
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# uWSGI links the library of Python, whose package has the version in its name.
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
# The key signs nothing here; without one the service would make one and keep it.
RUN SECRET_KEY=$(printf %050d 0) python manage.py collectstatic --no-input --skip-checks \
        --verbosity 0 && \
    python -m compileall -q manage.py accounts core todos todo_project
USER 10001:10001
ARG VERSION=unknown
LABEL org.opencontainers.image.title="Todo service" \
    org.opencontainers.image.version="${VERSION}" \
    org.opencontainers.image.licenses="BSD-3-Clause"
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "deploy/health.py", "web"]
# uWSGI takes TERM as: end the requests that run, then go.
CMD ["uwsgi", "--ini", "deploy/uwsgi.ini"]

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
# An answer of any kind: whether the app servers are well is told by their own checks.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /livez HTTP/1.0\\r\\n\\r\\n' >&3 && grep --quiet ^HTTP/ <&3"]
# QUIT lets requests end; TERM would not.
STOPSIGNAL SIGQUIT
CMD ["nginx", "-e", "stderr", "-p", "/data", "-c", "/etc/todo/nginx.conf", "-g", "daemon off;"]
