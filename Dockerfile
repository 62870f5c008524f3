# Builds a static-enough binary and puts it, alone, on a small base that runs as nobody.
FROM rust:1.95-bookworm AS build
WORKDIR /build
COPY Cargo.toml Cargo.lock ./
COPY config config
COPY src src
RUN cargo build --locked --release --bin resonanz

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /build/target/release/resonanz /usr/local/bin/resonanz
COPY config /etc/resonanz
VOLUME ["/var/lib/resonanz"]
USER 65532:65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/resonanz"]
CMD ["run", "--dir", "/var/lib/resonanz"]
