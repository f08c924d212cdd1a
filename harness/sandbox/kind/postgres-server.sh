#!/bin/sh
# Makes the data on the first start, then becomes the server: one start, and so one readiness, where the image's
# own entry point would start it twice. Runs as root first, to give the folders to the server's user.
# Arguments: folder of the data, folder of the archive, options of initdb.
set -eu
data=$1 archive=$2
if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 0700 "$archive"
  chown -R postgres:postgres /drill "$(dirname "$data")"
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi
shift 2
if [ ! -e "$data/drill-made" ]; then
  initdb --pgdata="$data" --pwfile=/drill/password "$@"
  rm /drill/password
  cp /drill/postgresql.auto.conf "$data/"
  touch "$data/drill-made"
fi
exec postgres -D "$data"
