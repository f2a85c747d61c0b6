# syntax=docker/dockerfile:1
# One image for production and, one stage further, for the demo. Nothing in it compiles, trains or
# writes: wheels with pinned hashes, a user without rights, a read-only tree, state below /data.
#   docker build -t futurisys-energy .                   # serves; needs DATABASE_URL
#   docker build -t futurisys-energy:demo --target demo .  # brings its own throw-away PostgreSQL
ARG PYTHON_IMAGE=python:3.13-slim-bookworm

FROM ${PYTHON_IMAGE} AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements-serve.txt ./
# Wheels only: a source distribution would run its own code here, and need a compiler.
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --require-hashes --only-binary=:all: -r requirements-serve.txt \
    && /opt/venv/bin/pip uninstall --yes pip
# pyarrow is here for Parquet; its RPC library, headers and tests are 42 MB that nobody calls.
RUN set -- /opt/venv/lib/python3*/site-packages/pyarrow \
    && rm -r "$1"/include "$1"/src "$1"/tests "$1"/*flight* \
    && /opt/venv/bin/python -I -c "import pyarrow.parquet"

FROM packages AS demo-packages
COPY requirements-demo.txt ./
RUN python -m pip --python /opt/venv/bin/python install --require-hashes --only-binary=:all: \
    -r requirements-demo.txt

FROM ${PYTHON_IMAGE} AS base
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=7860 \
    VAR_DIR=/data \
    STATIC_ROOT=/app/static \
    HOME=/data
# Named by /livez, so that a deployment can wait for the release it made.
ARG RELEASE=""
ENV RELEASE=${RELEASE}
RUN useradd --uid 1000 --user-group --home-dir /data --shell /usr/sbin/nologin futurisys \
    && install -d -o 1000 -g 1000 -m 0700 /data
WORKDIR /app
COPY . .

FROM base AS demo
COPY --from=demo-packages /opt/venv /opt/venv
# `run` collects static files, and may not write below /app.
ENV DJANGO_SETTINGS_MODULE=config.settings.local DEMO_MODE=true STATIC_ROOT=/data/static
RUN python -m compileall -q /app /opt/venv
USER 1000:1000
VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=15s --timeout=5s --start-period=90s CMD ["python", "-m", "config.probe"]
CMD ["python", "manage.py", "run"]

FROM base AS production
COPY --from=packages /opt/venv /opt/venv
# A command that needs settings, and no secret: made up here, and nowhere in the image.
RUN SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    ALLOWED_HOSTS=localhost DATABASE_URL=postgres://nobody@localhost/nothing \
    DJANGO_SETTINGS_MODULE=config.settings.production \
    python manage.py collectstatic --no-input \
    && find /app/static -name '*.map*' -delete \
    && python -m compileall -q /app /opt/venv
ENV DJANGO_SETTINGS_MODULE=config.settings.production
USER 1000:1000
VOLUME /data
EXPOSE 7860
# /readyz: database, migrations, model and factors; a container that is not ready gets no traffic.
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s CMD ["python", "-m", "config.probe"]
CMD ["gunicorn", "-c", "config/gunicorn.py", "config.wsgi"]
