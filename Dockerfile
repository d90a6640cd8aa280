# Paperboy's image. deploy/README.md says how to run it; compose.yaml does it.
#   docker build -t paperboy .
#   docker build -t paperboy --build-arg SEMANTIC=yes .        with the search by meaning; or models, or multilingual
#   docker build -t paperboy --build-arg POSTGRES=yes .        with PostgreSQL as the database; both together work too

FROM python:3.13-slim-trixie AS build
ARG SEMANTIC=no
ARG POSTGRES=no
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ONLY_BINARY=:all:
WORKDIR /source
# What seldom changes comes first, so that another version of Paperboy reuses it.
COPY requirements/build.txt requirements/run.txt requirements/semantic.txt requirements/models.txt \
    requirements/multilingual.txt requirements/postgres.txt requirements/
RUN case "$SEMANTIC $POSTGRES" in \
      "no no") set -- --requirement requirements/run.txt ;; \
      "yes no") set -- --requirement requirements/semantic.txt ;; \
      "models no") set -- --requirement requirements/models.txt ;; \
      "multilingual no") set -- --requirement requirements/multilingual.txt ;; \
      "no yes") set -- --requirement requirements/postgres.txt ;; \
      "yes yes") set -- --requirement requirements/semantic.txt --requirement requirements/postgres.txt ;; \
      "models yes") set -- --requirement requirements/models.txt --requirement requirements/postgres.txt ;; \
      "multilingual yes") set -- --requirement requirements/multilingual.txt --requirement requirements/postgres.txt ;; \
      *) echo "SEMANTIC is no, yes, models or multilingual; POSTGRES is yes or no." >&2; exit 1 ;; \
    esac \
    && python3 -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes --requirement requirements/build.txt \
    && python3 -m venv --without-pip /opt/paperboy \
    && /opt/build/bin/pip --python /opt/paperboy/bin/python install --require-hashes "$@"
COPY pyproject.toml README.md LICENSE ./
COPY bot bot
COPY cogs cogs
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /source/dist . \
    && /opt/build/bin/pip --python /opt/paperboy/bin/python install --no-deps /source/dist/*.whl

FROM python:3.13-slim-trixie
LABEL org.opencontainers.image.title="Paperboy" org.opencontainers.image.licenses="MIT"
# The number is fixed, because a volume keeps the number of its owner, not the name.
RUN useradd --no-log-init --uid 10001 --user-group --home-dir /data --shell /usr/sbin/nologin paperboy \
    && install --directory --owner=paperboy --group=paperboy --mode=0700 /data
COPY --from=build /opt/paperboy /opt/paperboy
ENV PATH="/opt/paperboy/bin:$PATH" PAPERBOY_HTTP_PORT=8080
USER 10001:10001
WORKDIR /data
VOLUME /data
# Whoever starts Paperboy for the first time waits while 30 days of papers are read; that is no illness.
HEALTHCHECK --interval=1m --timeout=20s --start-period=5m --retries=3 CMD ["paperboy", "health"]
ENTRYPOINT ["paperboy"]
CMD ["run"]
