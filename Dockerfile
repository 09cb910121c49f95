# Build: docker build -t keystone .
# Try:   docker run --rm -p 5000:5000 -v keystone:/var/lib/keystone keystone
# The volume gets a database, keys and clouds.yaml on the first run. An existing cloud instead mounts
# its /etc/keystone (keystone.conf, keys) read-only; then nothing is made.

FROM rust:1.95-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends cmake && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY Cargo.toml Cargo.lock ./
COPY benches benches
COPY migrations migrations
COPY etc etc
COPY src src
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    cargo build --release --locked --bins \
    && install -D -t /out target/release/keystone target/release/keystone-manage target/release/keystone-status

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 42425 --home-dir /var/lib/keystone --create-home keystone \
    && chmod 0700 /var/lib/keystone
COPY --from=build /out/ /usr/local/bin/
USER keystone
VOLUME /var/lib/keystone
EXPOSE 5000
# In the environment, so that the health check asks where the server listens.
ENV OS_SERVER__BIND=0.0.0.0:5000 OS_SERVER__ADMIN_BIND=none
# SIGTERM lets requests in flight end.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["keystone", "healthcheck"]
ENTRYPOINT ["keystone"]
CMD ["--state-dir", "/var/lib/keystone"]
