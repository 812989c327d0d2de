# One image for every role: `onsale api`, `onsale worker …`, `onsale db upgrade`.
#
# The tag names an exact version of Python. To pin it by digest too, ask for the digest where the
# image comes from, look at it, and hand it over; none is written here that nobody has looked up:
#
#   docker buildx imagetools inspect python:3.11.14-slim-trixie --format '{{.Manifest.Digest}}'
#   docker build --build-arg PYTHON_IMAGE=python:3.11.14-slim-trixie@sha256:… -t onsale .
ARG PYTHON_IMAGE=python:3.11.14-slim-trixie

FROM ${PYTHON_IMAGE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
# Every package against its locked hash; this layer changes with the lock alone.
COPY requirements/runtime.txt requirements/build.txt requirements/
RUN python -m venv /opt/onsale \
    && /opt/onsale/bin/pip install --require-hashes -r requirements/runtime.txt \
    && python -m venv /opt/build \
    && /opt/build/bin/pip install --require-hashes -r requirements/build.txt
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/onsale/bin/pip install --no-deps dist/*.whl \
    && /opt/onsale/bin/pip uninstall --yes pip

FROM ${PYTHON_IMAGE}
# Nothing is written below the root file system: it can be mounted read-only.
ENV PATH=/opt/onsale/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
COPY --from=build /opt/onsale /opt/onsale
# A number, so that a platform can see that it is not root.
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["onsale"]
CMD ["--help"]
