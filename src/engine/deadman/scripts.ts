/**
 * What runs on a host. POSIX sh; beside it mkdir, mv, rm, sleep, date, setsid(1) and, where there is one, timeout(1): all in
 * coreutils and util-linux, or in busybox.
 *
 * One watchdog per armed undo, with a folder of its own that only its user can enter: `<base>/<run>/<id>`. In it:
 * `renewed` (the host's uptime in hundredths of a second at the last sign of life), `pid`, `ready` or `refused` after
 * the start, `decided` (a folder: whoever makes it decides between putting back and disarming), `firing` (since when it is being
 * put back), `done` (`ok` or `failed`, and when), `log`. The lease is counted by /proc/uptime, which nobody sets and which counts
 * sleep.
 */
const COMMON = `
set -u
umask 077
if [ "$(id -u)" -eq 0 ] && [ -d /run ]; then base=/run/redisha-deadman; else base=\${HOME:-/nonexistent}/.local/state/redisha/deadman; fi
read_uptime() {
  read -r now rest </proc/uptime || return 1
  now=\${now%.*}\${now#*.}
}
is_private() { [ ! -h "$1" ] && [ -d "$1" ] && [ -O "$1" ]; }
lives() {
  read -r pid <"$1/pid" && [ -r "/proc/$pid/cmdline" ] && grep -q -F "$1" "/proc/$pid/cmdline"
} 2>/dev/null
state_of() {
  [ -d "$1" ] || { echo gone; return; }
  if [ -f "$1/done" ]; then read -r how at <"$1/done"; echo "$how $at"; return; fi
  if [ -f "$1/firing" ]; then read -r at <"$1/firing"; lives "$1" && echo "firing $at" || echo "dead $at"; return; fi
  lives "$1" && echo armed || echo dead
}
`;

/**
 * The watchdog itself. Arguments: 1 its folder, 2 lease in hundredths of a second, 3 candidates for redis-cli, one a line,
 * then redis-cli's options. What it is to do, and the password, come over its standard input and stay in its memory.
 */
const WATCHDOG = `
set -u
umask 077
trap '' HUP INT
dir=$1 lease=$2 candidates=$3
shift 3
todo=$(cat)
exec </dev/null
cd /
auth= cli=
eval "$todo"
limited() {
  seconds=$1
  shift
  if command -v timeout >/dev/null; then timeout "$seconds" "$@"; else "$@"; fi
}
talk() {
  if [ -n "$auth" ]; then REDISCLI_AUTH=$auth; export REDISCLI_AUTH; fi
  limited 10 "$@"
}
say() { echo "$(date -u +%Y-%m-%dT%H:%M:%SZ) $*" >>"$dir/log"; }
read_uptime() {
  read -r now rest </proc/uptime || return 1
  now=\${now%.*}\${now#*.}
}
expired() {
  read_uptime || return 1
  read -r seen <"$dir/renewed" 2>/dev/null && renewed=$seen
  [ $((now - renewed)) -ge "$lease" ]
}
find_cli() {
  why="no redis-cli or valkey-cli was found"
  while IFS= read -r candidate; do
    [ -x "$candidate" ] || continue
    said=$(printf 'PING\\n' | talk "$candidate" --no-raw "$@" 2>&1)
    case $said in
      PONG | *'
PONG') cli=$candidate; return 0 ;;
    esac
    why="$candidate could not ask the server: $(printf %s "$said" | head -n 1)"
  done <<CANDIDATES
$candidates
CANDIDATES
  return 1
}
ask() {
  command=$1
  shift
  said=$(printf '%s\\n' "$command" | talk "$cli" --no-raw "$@" 2>/dev/null) || { say "redis-cli failed"; return 1; }
  case $said in
    '') say "the server could not be reached"; return 1 ;;
    '(error)'*) say "the server answered: $said"; return 1 ;;
  esac
}
answer() {
  command=$1
  shift
  printf '%s\\n' "$command" | talk "$cli" --no-raw "$@" 2>/dev/null
}
run() {
  codes=$1 text=$2
  shift 2
  said=$(printf '%s\\n' "$text" | limited 60 "$@" 2>&1)
  code=$?
  case ",$codes," in *",$code,"*) return 0 ;; esac
  say "ended with status $code: $said"
  return 1
}
echo $$ >"$dir/pid"
read_uptime || { echo "there is no /proc/uptime" >"$dir/refused"; exit 1; }
renewed=$now
echo "$now" >"$dir/renewed"
if [ -n "$candidates" ] && ! find_cli "$@"; then
  echo "$why" >"$dir/.refused"
  mv "$dir/.refused" "$dir/refused"
  exit 1
fi
: >"$dir/ready"
while :; do
  [ -d "$dir" ] || exit 0
  if expired; then
    mkdir "$dir/decided" 2>/dev/null || exit 0
    expired && break
    rmdir "$dir/decided"
  fi
  sleep 1
done
since=$now
date -u +%Y-%m-%dT%H:%M:%SZ >"$dir/.firing" && mv "$dir/.firing" "$dir/firing"
say "no sign of life from the run for $((lease / 100)) s: putting back"
while :; do
  # Whoever took the folder away took the matter into their own hands.
  [ -d "$dir" ] || exit 0
  if put_back "$@"; then how=ok; break; fi
  read_uptime
  if [ $((now - since)) -ge 60000 ]; then how=failed; break; fi
  sleep 1
done
say "put back: $how"
echo "$how $(date -u +%Y-%m-%dT%H:%M:%SZ)" >"$dir/.done" && mv "$dir/.done" "$dir/done"
`;

/**
 * Starts a watchdog and waits until it is ready. Arguments: 1 run, 2 id, 3 lease in hundredths of a second, 4 certificate
 * of the CA, 5 candidates for redis-cli, then redis-cli's options, in which `@ca` stands for the file of that certificate.
 * Answers `ready`, or `refused` with the reason. The environment variable REDISHA_DEADMAN holds what is to be done.
 */
export const ARM = `${COMMON}
run=$1 id=$2 lease=$3 ca=$4 candidates=$5
shift 5
todo=$REDISHA_DEADMAN
unset REDISHA_DEADMAN
refuse() { echo "refused $1"; exit 0; }
command -v setsid >/dev/null || refuse "there is no setsid on this host"
[ -r /proc/uptime ] || refuse "there is no /proc/uptime on this host"
mkdir -p "$base" 2>/dev/null
is_private "$base" || refuse "$base cannot be made, or is not this user's own"
chmod 700 "$base"
# What nobody came back for is not kept for ever.
find "$base" -mindepth 1 -maxdepth 1 -type d -mtime +30 -exec rm -rf {} + 2>/dev/null
dir=$base/$run/$id
mkdir -p "$base/$run" && mkdir "$dir" 2>/dev/null || refuse "$dir cannot be made"
if [ -n "$ca" ]; then printf '%s\\n' "$ca" >"$dir/ca.crt"; fi
cat >"$dir/watchdog" <<'WATCHDOG_TEXT'
${WATCHDOG}
WATCHDOG_TEXT
if [ -n "$candidates" ]; then
  for name in redis-cli valkey-cli; do
    found=$(command -v "$name") && candidates="$candidates
$found"
  done
fi
for option; do
  shift
  [ "$option" = @ca ] && option=$dir/ca.crt
  set -- "$@" "$option"
done
printf '%s\\n' "$todo" | setsid sh "$dir/watchdog" "$dir" "$lease" "$candidates" "$@" >/dev/null 2>&1 &
tries=0
while [ ! -e "$dir/ready" ] && [ ! -e "$dir/refused" ] && [ $tries -lt 600 ]; do
  tries=$((tries + 1))
  sleep 0.05 2>/dev/null || sleep 1
done
if [ -e "$dir/ready" ]; then echo ready; exit 0; fi
why="it did not start"
if [ -e "$dir/refused" ]; then read -r why <"$dir/refused"; fi
rm -rf "$dir"
rmdir "$base/$run" "$base" 2>/dev/null
refuse "$why"
`;

/** Renews leases: 1 run, then ids. A line for each: the id, and \`armed\`, \`firing AT\`, \`ok AT\`, \`failed AT\`, \`dead\` or \`gone\`. */
export const RENEW = `${COMMON}
run=$1
shift
read_uptime
for id; do
  dir=$base/$run/$id
  if [ -d "$dir" ]; then
    echo "$now" >"$dir/.renewed.$$" && mv "$dir/.renewed.$$" "$dir/renewed"
    # Whoever decided saw the old time, or sees the new one and takes it back.
    tries=0
    while [ -d "$dir/decided" ] && [ ! -e "$dir/firing" ] && [ $tries -lt 40 ]; do
      tries=$((tries + 1))
      sleep 0.05 2>/dev/null || sleep 1
    done
  fi 2>/dev/null
  echo "$id $(state_of "$dir")"
done
echo end
`;

/** Says how they stand, and changes nothing: 1 run, then ids. Lines as of renewing. */
export const LOOK = `${COMMON}
run=$1
shift
for id; do echo "$id $(state_of "$base/$run/$id")"; done
echo end
`;

/**
 * Disarms, or clears away what has put back: 1 run, then ids. Lines as of renewing, with \`disarmed\` where it was in time; one
 * that is putting back right now is waited for, and left where it does not come to an end.
 */
export const DISARM = `${COMMON}
run=$1
shift
for id; do
  dir=$base/$run/$id
  state=$(state_of "$dir")
  case $state in armed | dead*) if mkdir "$dir/decided" 2>/dev/null; then state=disarmed; fi ;; esac
  tries=0
  while [ "$state" = armed ] || [ "\${state%% *}" = firing ]; do
    [ $tries -lt 200 ] || break
    tries=$((tries + 1))
    sleep 0.05 2>/dev/null || sleep 1
    state=$(state_of "$dir")
  done
  case $state in
    disarmed | ok* | failed* | dead*)
      if lives "$dir"; then kill -TERM "-$pid" 2>/dev/null; fi
      rm -rf "$dir"
      ;;
  esac
  echo "$id $state"
done
rmdir "$base/$run" "$base" 2>/dev/null
echo end
`;
