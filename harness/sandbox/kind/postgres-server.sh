#!/bin/sh
# Becomes the server of a cluster that its image holds already: one start, and so one readiness, where the image's own
# entry point would start it twice. The first time it does what is this drill's own, passwords above all.
# Runs as root first, to give files and folders to the server's user.
# Arguments: folder of the cluster, folder of the archive.
set -eu
cluster=$1 archive=$2
if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 0700 "$archive"
  chown -R postgres:postgres /drill
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi
if [ -e /drill/first.sql ]; then
  cp /drill/postgresql.auto.conf "$cluster/"
  postgres --single -D "$cluster" -c fsync=off -c exit_on_error=on postgres </drill/first.sql >/dev/null
  rm /drill/first.sql
fi
exec postgres -D "$cluster"
