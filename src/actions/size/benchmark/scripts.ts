/** Sets `bench` to the benchmark that came with the server program `$1`, else to any that is there. */
const PROGRAM = `
set -u
bench=\${1%-server}-benchmark
[ -x "$bench" ] || bench=$(command -v redis-benchmark || command -v valkey-benchmark) || {
  echo "redis-benchmark is not there: it comes with the package redis-tools or valkey-tools" >&2
  exit 3
}`;

/**
 * A shell function `measure SECONDS WORDS` that first looks how quick the server is, and then asks as much as fills that time,
 * for TESTS tests together. `tell` prints how many requests that were of each, the processors of the host, the program's
 * version, and what was measured.
 */
const MEASURE = `
measure() {
  seconds=$1
  shift
  first=$(timeout -k 5 60 "$bench" -n 5000 --csv "$@" 2>/dev/null) || { echo "redis-benchmark failed: \${first:-no answer}" >&2; return 4; }
  requests=$(printf '%s\\n' "$first" | awk -F'"' -v s="$seconds" -v tests="$TESTS" '
    $4 + 0 > 0 && (least == 0 || $4 + 0 < least) { least = $4 + 0 }
    END { n = int(least * s / tests); print (n < 5000 ? 5000 : n) }')
  rates=$(timeout -k 5 "$((seconds * 5 + 30))" "$bench" -n "$requests" --csv "$@" 2>/dev/null) || { echo "redis-benchmark did not end within $((seconds * 5 + 30)) seconds" >&2; return 4; }
}
tell() {
  echo "$requests"
  nproc 2>/dev/null || echo -
  "$bench" --version | head -n 1
  printf '%s\\n' "$rates"
}`;

/**
 * Starts a server that nobody else can reach (a socket in a folder of its own), saves nothing, holds 256 MiB at most, and ends by
 * itself where the run falls silent. `$1` the server program, `$2` seconds, `$3` connections, `$4` bytes of a value.
 */
export const MEASURE_SCRATCH = `${PROGRAM}
TESTS=2
${MEASURE}
free=$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)
[ "\${free:-0}" -ge 524288 ] || { echo "less than 512 MiB of memory are available" >&2; exit 5; }
umask 077
room=$(mktemp -d /var/tmp/redisha-benchmark.XXXXXX) || exit 1
cd "$room" || exit 1
printf '%s\\n' "port 0" "unixsocket $room/s" "unixsocketperm 700" "dir $room" "logfile $room/log" 'save ""' "appendonly no" \\
  "maxmemory 256mb" "maxmemory-policy allkeys-lru" "daemonize no" >conf
timeout -k 5 "$(($2 * 6 + 120))" "$1" "$room/conf" >/dev/null 2>&1 &
server=$!
away() {
  kill "$server" 2>/dev/null
  wait "$server" 2>/dev/null
  cd /
  rm -rf "$room"
}
trap 'away; exit 143' HUP INT TERM
until [ -S s ]; do
  kill -0 "$server" 2>/dev/null || { cat log >&2; away; exit 6; }
  sleep 1
done
measure "$2" -s "$room/s" -c "$3" -d "$4" -r 100000 -t set,get
status=$?
away
[ "$status" -eq 0 ] && tell
exit "$status"`;

/**
 * Measures a live server. `$1` its program, `$2` seconds, then the words of redis-benchmark. What TLS takes stands in the
 * environment as PEM, and as files only until it has ended.
 */
export const MEASURE_LIVE = `${PROGRAM}
TESTS=1
${MEASURE}
umask 077
room=$(mktemp -d /var/tmp/redisha-benchmark.XXXXXX) || exit 1
trap 'rm -rf "$room"; exit 143' HUP INT TERM
seconds=$2
shift 2
[ -z "\${CA:-}" ] || { printf '%s\\n' "$CA" >"$room/ca"; set -- --tls --cacert "$room/ca" "$@"; }
[ -z "\${CERT:-}" ] || { printf '%s\\n' "$CERT" >"$room/cert"; printf '%s\\n' "$KEY" >"$room/key"; set -- --cert "$room/cert" --key "$room/key" "$@"; }
measure "$seconds" "$@"
status=$?
rm -rf "$room"
[ "$status" -eq 0 ] && tell
exit "$status"`;
