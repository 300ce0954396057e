#!/bin/sh
# latency.sh apply|stop: makes packets that come to a host wait as many milliseconds as $FOLDER/latency says, or stops that.
# What the host sends is not held back: the kernel counts held packets against the sender's window, which would choke it.
# Environment: FOLDER, LINK, HARNESS.
set -eu
inside() { nsenter --net="/run/netns/$LINK" "$@"; }

# Through iptables, for fewer kernels know "queue" of nft. "bypass" lets packets through while nobody holds them: before the
# program listens, and if it should end.
rule() { inside iptables-nft --wait --table raw "$1" PREROUTING -i eth0 -j NFQUEUE --queue-num 7 --queue-bypass; }

stop() {
  [ ! -e "/run/netns/$LINK" ] || while rule --delete 2>/dev/null; do :; done
  [ -e "$FOLDER/delay.pid" ] || return 0
  kill "$(cat "$FOLDER/delay.pid")" 2>/dev/null || true
  rm -f "$FOLDER/delay.pid"
}

stop
[ "$1" = apply ] && [ -s "$FOLDER/latency" ] || exit 0
setsid nsenter --net="/run/netns/$LINK" python3 "$HARNESS/delay.py" 7 "$(cat "$FOLDER/latency")" \
  >"$FOLDER/delay.log" 2>&1 </dev/null &
echo $! >"$FOLDER/delay.pid"
rule --append
