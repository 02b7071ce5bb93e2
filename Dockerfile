# Builds Safelight and puts it, with models and inference library, into a slim image:
#
#   docker build -t safelight .
#   docker run --rm -p 8080:8080 -v safelight:/var/lib/safelight --read-only --tmpfs /tmp safelight

FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ python3 python3-pip \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN packaging/stage target/package --engine

FROM debian:bookworm-slim
RUN groupadd --system --gid 10001 safelight \
    && useradd --system --uid 10001 --gid safelight --home-dir /var/lib/safelight safelight \
    && install -d -o safelight -g safelight -m 0700 /var/lib/safelight
COPY --from=build /src/target/package/usr /usr
USER safelight
ENV SAFELIGHT_DATA=/var/lib/safelight SAFELIGHT_LISTEN=0.0.0.0:8080
VOLUME /var/lib/safelight
EXPOSE 8080
# The image holds no curl: the binary asks its own server.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["safelight", "ready"]
ENTRYPOINT ["safelight"]
CMD ["serve"]
