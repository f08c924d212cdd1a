#!/bin/sh
# Becomes a server on a copy of a base backup, which recovers to its target and then takes clients.
# Runs as root first, to give files and folders to the server's user.
# Arguments: folder of the cluster, folder of the backup.
set -eu
cluster=$1 backup=$2
if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 0700 "$cluster"
  chown -R postgres:postgres /drill
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi
if [ ! -e /drill/copied ]; then
  cp -a "$backup/." "$cluster/"
  cp /drill/postgresql.auto.conf "$cluster/"
  touch "$cluster/recovery.signal" /drill/copied
fi
exec postgres -D "$cluster"
