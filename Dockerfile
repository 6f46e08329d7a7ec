# SPDX-License-Identifier: MIT
# The server and the client in one image. Nothing here names a package mirror: apt asks the ones
# that the base image came with. Only instructions that the engine of Debian 12 knows are used, with
# or without BuildKit.
FROM debian:trixie-slim AS build
WORKDIR /source
COPY scripts/install-deps scripts/install-deps
RUN scripts/install-deps --build
COPY . .
# Each source by itself, so that a missing #include is found.
RUN cmake --preset release -D CMAKE_UNITY_BUILD=OFF \
    && cmake --build --preset release \
    && cmake --install build/release --prefix /usr/local --strip

FROM debian:trixie-slim
# ncurses-base has the terminals that containers are given; C.UTF-8 comes with libc.
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \
        libfmt10 libncursesw6 libseccomp2 libsodium23 libspdlog1.15 libsqlite3-0 \
        libtomlplusplus3t64 libutf8proc3 ncurses-base \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --user-group --home-dir /data --no-create-home chat \
    && install --directory --owner=chat --group=chat --mode=0700 /data
COPY --from=build /usr/local/bin/chat-server /usr/local/bin/chat-client /usr/local/bin/
COPY packaging/chat-conversation /usr/local/bin/

# Both programs look for their data folder here, so that `docker exec ... chat-server announce TEXT`
# needs no option.
ENV LANG=C.UTF-8 STATE_DIRECTORY=/data XDG_DATA_HOME=/data
USER chat
VOLUME /data
EXPOSE 8888/udp
STOPSIGNAL SIGTERM
# Asks the running server through its control socket; a process that only exists is not healthy.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --retries=3 \
    CMD ["chat-server", "ctl", "stats"]
# No entry point, so that chat-server, chat-client and chat-conversation are all run by their names.
# The server is process 1 itself: it handles its signals and reaps its children wherever it runs, so
# it needs no init.
CMD ["chat-server"]
