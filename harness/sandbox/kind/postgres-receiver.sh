#!/bin/sh
# Receives the write-ahead log for as long as the container runs, whatever becomes of the server meanwhile.
# Arguments: the server's host, the slot, the folder, the pause before a new attempt in seconds, options of pg_receivewal.
set -eu
host=$1 slot=$2 folder=$3 pause=$4
if [ "$(id -u)" = 0 ]; then
  install -d -o postgres -g postgres -m 0700 "$folder"
  chown -R postgres:postgres /drill
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi
shift 4
export PGPASSFILE=/drill/pgpass
slot_there() {
  psql --no-psqlrc --quiet --no-password --host="$host" --username=drill --dbname=postgres --output=/dev/null <<SQL
SELECT pg_create_physical_replication_slot('$slot', true)
WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$slot')
SQL
}
while :; do
  until pg_isready --quiet --timeout=1 --host="$host"; do sleep 0.05; done
  if slot_there; then pg_receivewal --host="$host" "$@" || true; fi
  sleep "$pause"
done
