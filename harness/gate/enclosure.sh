# The first process of a script's enclosure: its own mounts and processes, so that all it writes and starts is seen.
# Arguments: the world's folder, the size of the scratch disk or "-", folders to watch (joined by ':'), the number after
# which processes are numbered, and the command. What an earlier run wrote elsewhere lies in the world's "written".
# It tells in the world's file "told" that it is ready, waits for a line on its standard input, and tells how the command
# ended; then it waits for its standard input to end: what the command left running is looked at in the meantime.
set -eu
world=$1 scratch=$2 watched=$3 last=$4
shift 4
path=$PATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount --make-rprivate /
# A mount of its own: what is open for writing would keep the mount below it from being made read-only.
mount --bind "$world" "$world"
exec 8>>"$world/told" 9<&0 </dev/null
mount -t proc proc /proc
# The number that a killed run wrote down is not by chance that of a process of the next; an old kernel cannot do it.
(echo "$last" >/proc/sys/kernel/ns_last_pid) 2>/dev/null || :
exec 5<"$world"
exec 7<"$world/written"
mount -t tmpfs gate "$world/written"
exec 6<"$world/written"
cp -a /proc/self/fd/7/. /proc/self/fd/6/
exec 7<&-
IFS=:
for folder in $watched; do
  [ -d "$folder" ] && [ ! -L "$folder" ] || continue
  name=$(echo "$folder" | tr / +)
  mkdir -p "/proc/self/fd/6/$name" "/proc/self/fd/6/$name/up" "/proc/self/fd/6/$name/work"
  mount -t overlay gate -o "lowerdir=$folder,upperdir=/proc/self/fd/6/$name/up,workdir=/proc/self/fd/6/$name/work" \
    "$folder" 2>/dev/null || echo "unwatched $folder" >&8
done
unset IFS
# What is not watched cannot be changed at all. Devices may still be written to.
mount --rbind /dev /dev
mount -o remount,bind,ro /dev
mount -o remount,bind,ro /
mount -c --bind /proc/self/fd/5 "$world"
[ "$scratch" = - ] || mount -t tmpfs -o "size=$scratch,mode=0700" gate "$world/scratch"
cd "$world/work"
exec 5<&-
setsid=$(command -v setsid)
unset DRILL_TOOL_OF
PATH=$path
export PATH
echo ready >&8
read -r _ <&9 # it begins when it is told to: short ones would have ended before anybody saw that they run
set +e
# In a shell of its own: this one keeps its descriptors while the command runs.
(exec 6<&- 8>&- 9<&- && exec "$setsid" -w "$@")
echo "code $?" >&8
read -r _ <&9
