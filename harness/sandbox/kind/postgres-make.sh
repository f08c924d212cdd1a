#!/bin/sh
# Makes a database cluster that an image is made of: roles without passwords, so that nobody enters, and one database.
# Runs as root first, to give the folder to the server's user.
# Arguments: folder of the cluster, role of the harness, role of the services, database, options of initdb.
set -eu
cluster=$1 harness=$2 service=$3 database=$4
if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 0700 "$cluster"
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi
shift 4
initdb --pgdata="$cluster" --username="$harness" "$@"
postgres --single -D "$cluster" -c fsync=off -c exit_on_error=on postgres <<SQL
CREATE ROLE "$service" LOGIN IN ROLE "$harness"
CREATE DATABASE "$database"
SQL
