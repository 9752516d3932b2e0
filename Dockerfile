# The one file on any glibc base. Build the executable first: npm run build
FROM debian:12-slim
RUN useradd --create-home --uid 1000 isengard && mkdir /data && chown isengard:isengard /data
COPY --chown=isengard:isengard dist/isengard /usr/local/bin/isengard
USER isengard
ENV VOLUME_ROOT=/data ISENGARD_OPEN=false
VOLUME /data
EXPOSE 8720
# As process 1 isengard keeps its server running, hands on SIGTERM and collects orphans; no other init is needed.
# Plain HTTP inside the container's network only: publish it on loopback, `-p 127.0.0.1:8720:8720`.
CMD ["isengard", "--host", "0.0.0.0", "--allow-plain-http"]
