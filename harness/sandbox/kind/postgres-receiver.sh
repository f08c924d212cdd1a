#!/bin/sh
# Receives the write-ahead log for as long as the container runs, whatever becomes of the server meanwhile. The file
# /drill/from names the server's host and the folder: another one is received from once the one before has ended.
# Arguments: folder for backups, the slot, the pause before a new attempt in seconds, options of pg_receivewal.
set -eu
backups=$1 slot=$2 pause=$3
if [ "$(id -u)" = 0 ]; then
  read -r host folder </drill/from
  install -d -o postgres -g postgres -m 0700 "$backups" "$(dirname "$folder")"
  chown -R postgres:postgres /drill
  exec setpriv --reuid=postgres --regid=postgres --init-groups -- "$0" "$@"
fi
shift 3
export PGPASSFILE=/drill/pgpass
slot_there() {
  psql --no-psqlrc --quiet --no-password --host="$host" --username=drill --dbname=postgres --output=/dev/null <<SQL
SELECT pg_create_physical_replication_slot('$slot', true)
WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '$slot')
SQL
}
while :; do
  read -r host folder </drill/from
  if ! pg_isready --quiet --timeout=1 --host="$host"; then
    sleep 0.05
    continue
  fi
  mkdir -p -m 0700 "$folder"
  if slot_there; then pg_receivewal --host="$host" --directory="$folder" "$@" || true; fi
  sleep "$pause"
done
