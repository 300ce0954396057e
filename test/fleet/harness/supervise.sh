#!/bin/sh
# Boots one host, boots it again as often as it asks for a reboot, and ends when it is off. It runs detached, so that a host
# outlives the program that started it. The environment says which: FOLDER of the host, NAME, LINK (its network namespace
# and its end of the cable on this machine), BRIDGE, ADDRESS, GATEWAY, MAC, CGROUP, POOLS (shown at POOLS_IN_HOST), HARNESS.
set -eu

# Each boot has a network namespace of its own: as on a real machine, neither firewall rules nor kernel settings outlive it.
plug_in() {
  ip netns add "$LINK"
  ip link add "$LINK" type veth peer name eth0 address "$MAC" netns "$LINK"
  ip link set "$LINK" master "$BRIDGE"
  ip -n "$LINK" link set lo up
  ip -n "$LINK" address add "$ADDRESS/24" dev eth0
  ip -n "$LINK" link set eth0 up
  ip link set "$LINK" up
  ip -n "$LINK" route add default via "$GATEWAY"
  "$HARNESS/latency.sh" apply
}

unplug() {
  "$HARNESS/latency.sh" stop
  ip link delete "$LINK" 2>/dev/null || true
  ip netns delete "$LINK" 2>/dev/null || true
}

boot() {
  # systemd from 256 on starts on nothing but cgroup v2, whatever this machine has mounted.
  unshare --mount --propagation slave sh -c '
    mkdir -p "$CGROUP"
    echo $$ >"$CGROUP/cgroup.procs"
    umount -R /sys/fs/cgroup
    mount -t cgroup2 none /sys/fs/cgroup
    exec "$@"' - \
    systemd-nspawn --quiet --boot --directory="$FOLDER/root" --machine="$LINK" --hostname="$NAME" \
    --register=no --keep-unit --link-journal=no --resolv-conf=off --timezone=off --console=read-only \
    --bind-ro="$POOLS:$POOLS_IN_HOST" --network-namespace-path="/run/netns/$LINK" \
    --capability=CAP_NET_ADMIN,CAP_IPC_LOCK # without CAP_NET_ADMIN ufw says that it is active, and filters nothing
}

echo $$ >"$FOLDER/pid"
trap 'unplug; rm -f "$FOLDER/pid"' EXIT
unplug
while plug_in; do
  status=0
  boot || status=$?
  unplug
  [ "$status" -eq 133 ] || break # nspawn's word for "reboot"
done
