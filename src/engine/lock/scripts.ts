/**
 * What runs on a host. POSIX sh; beside it only mkdir, mv, rm, chmod and flock(1), which util-linux and busybox have.
 *
 * The lock is a directory, made by an atomic mkdir, with a file `owner` in it that is only ever replaced by a rename. The
 * lease is counted by the host's own clock since its boot: nobody sets that one, and after a boot every lease is over.
 * Whoever looks at an owner and then acts on it (take over, renew, remove) does both under flock on the base directory,
 * which the kernel lets go of when a process dies. Reading needs no flock.
 *
 * Arguments of all: 1 place (shared | home), 2 name, 3 token, 4 run, 5 user, 6 controller, 7 lease in ms, 8 deployment,
 * 9 host, 10 address, 11 extra. Answers are lines of `key value`.
 */
const COMMON = `
set -u
umask 022
shared=/run/lock/redisha
home=\${HOME:-/nonexistent}/.local/state/redisha/lock
if [ "$1" = shared ]; then base=$shared other=$home; else base=$home other=$shared; fi
name=$2 token=$3 run=$4 user=$5 controller=$6 lease=$7 deployment=$8 host=$9
shift 9
address=$1 extra=\${2-}
dir=$base/$name

read_clock() {
  if { read -r now rest </proc/uptime && read -r clock </proc/sys/kernel/random/boot_id; } 2>/dev/null; then
    now=$((\${now%.*} * 1000 + (1\${now#*.} - 100) * 10))
  else
    clock=wall
    now=$(($(date +%s) * 1000))
  fi
}
read_owner() {
  o_run= o_token= o_user= o_controller= o_started= o_clock= o_lease=0 o_end=0
  [ -r "$1" ] || return 1
  while IFS=' ' read -r key value; do
    case $key in
      run) o_run=$value ;;
      token) o_token=$value ;;
      user) o_user=$value ;;
      controller) o_controller=$value ;;
      started) o_started=$value ;;
      clock) o_clock=$value ;;
      lease_ms) case $value in '' | *[!0-9]*) ;; *) o_lease=$value ;; esac ;;
      lease_end) case $value in '' | *[!0-9]*) ;; *) o_end=$value ;; esac ;;
    esac
  done 2>/dev/null <"$1"
  [ -n "$o_token" ]
}
count_left() {
  left=$((o_end - now))
  if [ "$o_clock" != "$clock" ] || [ "$left" -lt 0 ]; then left=0; fi
  if [ "$clock" != wall ] && [ "$left" -gt "$o_lease" ]; then left=0; fi
}
tell() {
  printf '%s\\n' "result $1" "dir $dir" "clock $clock" "left \${left:-0}" "run $o_run" "user $o_user" \\
    "controller $o_controller" "started $o_started" "token $o_token" "end \${nonce-}"
}
answer() {
  tell "$1"
  exit 0
}
alone() {
  command -v flock >/dev/null || answer no_flock
  exec 9<"$base"
  flock -x 9
  read_clock
}
write_owner() {
  end=$((now + lease))
  printf '%s\\n' "run $run" "token $token" "user $user" "controller $controller" "started $1" \\
    "deployment $deployment" "host $host" "address $address" "clock $clock" "lease_ms $lease" "lease_end $end" \\
    >"$dir/.owner.$token" || return 1
  read_owner "$dir/.owner.$token" && [ "$o_end" = "$end" ] && mv -f "$dir/.owner.$token" "$dir/owner" && left=$lease
}
drop() {
  aside=$base/.aside-$token
  mv "$dir" "$aside" 2>/dev/null || return 1
  rm -rf "$aside"
}
o_run= o_token= o_user= o_controller= o_started=
read_clock
`;

/** Answers taken, held, unwritable, forbidden, full or no_flock. An earlier process of the same run is replaced. */
export const TAKE = `${COMMON}
if [ "$base" = "$shared" ]; then
  [ -d "$base" ] || mkdir -m 1777 "$base" 2>/dev/null
else
  mkdir -p "$base" 2>/dev/null
fi
if [ -h "$base" ] || [ ! -d "$base" ] || [ ! -w "$base" ] || [ ! -r "$base" ]; then answer unwritable; fi
alone
mine() { [ "$o_run" = "$run" ] && [ "$o_controller" = "$controller" ]; }
if read_owner "$other/$name/owner"; then
  count_left
  if [ "$left" -gt 0 ] && ! mine; then dir=$other/$name; answer held; fi
fi
if ! mkdir "$dir" 2>/dev/null; then
  if read_owner "$dir/owner"; then
    count_left
    if [ "$left" -gt 0 ] && ! mine; then answer held; fi
  fi
  drop || answer forbidden
  mkdir "$dir" 2>/dev/null || answer forbidden
fi
if write_owner "$(date -u +%Y-%m-%dT%H:%M:%SZ)"; then answer taken; fi
rm -rf "$dir"
answer full
`;

/** Answers held, foreign, expired, gone, rebooted or full. Extra: \`revive\` to renew also after the lease has run out. */
export const RENEW = `${COMMON}
known=\${3-}
[ -d "$base" ] || { [ "$clock" = "$known" ] && answer gone; answer rebooted; }
alone
if ! read_owner "$dir/owner"; then
  if [ "$clock" = "$known" ]; then answer gone; else answer rebooted; fi
fi
count_left
[ "$o_token" = "$token" ] || answer foreign
if [ "$left" -eq 0 ] && [ "$extra" != revive ]; then answer expired; fi
if write_owner "$o_started"; then answer held; fi
rm -f "$dir/.owner.$token"
answer full
`;

/**
 * Answers held, foreign, expired or gone for each line on standard input, and repeats that line behind `end`. It starts no
 * process and stays open: it is asked before every op that disrupts, and a new session of sshd takes far longer than this.
 */
export const WATCH = `${COMMON}
look() {
  read_owner "$dir/owner" || { left=0 verdict=gone; return; }
  count_left
  verdict=held
  if [ "$o_token" != "$token" ]; then verdict=foreign; elif [ "$left" -eq 0 ]; then verdict=expired; fi
}
while IFS= read -r nonce; do
  read_clock
  look
  tell "$verdict"
done
`;

/** Answers released, or gone where it was not ours any more. */
export const RELEASE = `${COMMON}
[ -d "$dir" ] || answer gone
alone
read_owner "$dir/owner" && [ "$o_token" = "$token" ] || answer gone
drop || answer forbidden
answer released
`;

/** Answers free, held, or expired; what was left half-made counts as expired. */
export const INSPECT = `${COMMON}
if [ -d "$dir" ]; then
  if read_owner "$dir/owner"; then count_left; [ "$left" -gt 0 ] && answer held; fi
  answer expired
fi
answer free
`;

/** Removes the lock of a run. Answers removed, free, foreign, live or forbidden. Extra: \`force\` also where it is live. */
export const REMOVE = `${COMMON}
[ -d "$dir" ] || answer free
alone
read_owner "$dir/owner" || answer foreign
count_left
[ "$o_run" = "$run" ] || answer foreign
if [ "$left" -gt 0 ] && [ "$extra" != force ]; then answer live; fi
drop || answer forbidden
answer removed
`;

/** Makes the shared place, as root: open to all users of the host, and each may only remove what is his own. */
export const PREPARE = `
set -eu
base=/run/lock/redisha
[ ! -h "$base" ]
mkdir -p "$base"
[ "$(id -u)" != 0 ] || chown 0:0 "$base"
chmod 1777 "$base"
`;
