import type { FleetHost } from "./harness/host.ts";

/** Whom a change is made on: the primary, or one of its replicas, each with a Sentinel beside it. */
export interface Hosts {
  readonly primary: FleetHost;
  readonly near: FleetHost;
  readonly far: FleetHost;
}

export interface ChangeByHand {
  readonly what: string;
  readonly on: keyof Hosts;
  /** As root on that host. `CLI` logs in to the server as operator, `WATCH` to the Sentinel. */
  readonly command: (hosts: Hosts) => string;
  /** What `init --drift` names it by. */
  readonly named: RegExp;
  /** Init leaves it alone: this takes it back. */
  readonly takeBack?: string;
}

const HELLO = (primary: string) => `10.9.9.9,26379,${"ab".repeat(20)},0,mymaster,${primary},6379,0`;
const OVERRIDE = "/etc/systemd/system/redis-server.service.d";

/** What people do to a deployment between two runs. */
export const CHANGES: readonly ChangeByHand[] = [
  // It starts servers anew: first of all.
  {
    what: "a package of another version",
    on: "far",
    command: () =>
      "OLD=$(apt-cache madison redis-server | awk '{ print $3 }' | tail -n 1) && DEBIAN_FRONTEND=noninteractive apt-get -y --allow-downgrades -o Dpkg::Options::=--force-confold install redis-server=$OLD redis-tools=$OLD redis-sentinel=$OLD",
    named: /"package redis-(server|sentinel)"/,
    takeBack:
      "NEW=$(apt-cache madison redis-server | awk '{ print $3 }' | head -n 1) && DEBIAN_FRONTEND=noninteractive apt-get -y -o Dpkg::Options::=--force-confold install redis-server=$NEW redis-tools=$NEW redis-sentinel=$NEW",
  },
  {
    what: "a directive in memory",
    on: "primary",
    command: () => "CLI CONFIG SET slowlog-max-len 7",
    named: /slowlog-max-len/,
  },
  {
    what: "a directive in a file",
    on: "near",
    command: () => "sed -i 's/^tcp-keepalive .*/tcp-keepalive 11/' /etc/redis/redis.conf",
    named: /tcp-keepalive/,
  },
  {
    what: "a directive in both",
    on: "far",
    command: () => "CLI CONFIG SET maxmemory-policy allkeys-lru && CLI CONFIG REWRITE",
    named: /maxmemory-policy/,
  },
  { what: "rights of a user", on: "primary", command: () => "CLI ACL SETUSER shop +flushall", named: /\+flushall/ },
  { what: "a user that is gone", on: "near", command: () => "CLI ACL DELUSER shop", named: /"user shop","was":null/ },
  {
    what: "a user more",
    on: "far",
    command: () => "CLI ACL SETUSER intruder on nopass allkeys +@all",
    named: /user intruder/,
  },
  {
    what: "a drop-in beside a unit",
    on: "near",
    command: () =>
      `mkdir -p ${OVERRIDE} && printf '[Service]\\nNice=5\\n' >${OVERRIDE}/mine.conf && systemctl daemon-reload`,
    named: /drop-in [^"]*mine\.conf/,
    takeBack: `rm ${OVERRIDE}/mine.conf; systemctl daemon-reload`,
  },
  {
    what: "a lower limit of open files",
    on: "far",
    command: () =>
      `mkdir -p ${OVERRIDE} && printf '[Service]\\nLimitNOFILE=1024\\n' >${OVERRIDE}/10-low.conf && systemctl daemon-reload`,
    named: /LimitNOFILE of redis-server\.service/,
    takeBack: `rm ${OVERRIDE}/10-low.conf; systemctl daemon-reload`,
  },
  { what: "a kernel setting", on: "primary", command: () => "sysctl -w vm.swappiness=7", named: /vm\.swappiness/ },
  {
    what: "huge pages",
    on: "near",
    command: () => "echo madvise >/sys/kernel/mm/transparent_hugepage/enabled",
    named: /transparent huge pages/,
  },
  {
    what: "a rule of the firewall that is gone",
    on: "far",
    command: ({ near }) => `ufw delete allow proto tcp from ${near.address} to any port 6379`,
    named: /ufw allow proto tcp from [0-9.]+ to any port 6379/,
  },
  {
    what: "a rule of redisha's that nobody needs",
    on: "primary",
    command: () => "ufw allow proto tcp from 10.9.9.9 to any port 6379 comment redisha:bare",
    named: /ufw delete allow [^"]*10\.9\.9\.9/,
  },
  {
    what: "a rule that lets everybody in",
    on: "near",
    command: () => "ufw allow 6379/tcp",
    named: /"left":\["[^"]*6379/,
    takeBack: "ufw delete allow 6379/tcp",
  },
  { what: "a mode", on: "primary", command: () => "chmod 0666 /etc/redis/users.acl", named: /redis:redis 0666/ },
  { what: "an owner", on: "near", command: () => "chown root:root /etc/redis/users.acl", named: /root:root 0640/ },
  {
    what: "a quorum",
    on: "primary",
    command: () => "WATCH SENTINEL SET mymaster quorum 3",
    named: /"quorum","was":"3"/,
  },
  {
    what: "the patience of a Sentinel",
    on: "primary",
    command: () => "WATCH SENTINEL SET mymaster down-after-milliseconds 9000",
    named: /"down-after-milliseconds","was":"9000"/,
  },
  {
    // One that runs is told better by the others.
    what: "the primary that a Sentinel watches",
    on: "far",
    command: ({ near }) =>
      `systemctl stop redis-sentinel && sed -i 's/^sentinel monitor mymaster [^ ]*/sentinel monitor mymaster ${near.address}/' /etc/redis/sentinel.conf`,
    named: /sentinel monitor mymaster/,
  },
  {
    what: "the address that a replica tells of itself",
    on: "near",
    command: () => "CLI CONFIG SET replica-announce-ip 10.9.9.8",
    named: /replica-announce-ip/,
  },
  {
    what: "a unit that is not enabled",
    on: "primary",
    command: () => "systemctl disable redis-server",
    named: /"disabled":\["[^"]*:6379"\]/,
  },
  {
    what: "a service that is stopped",
    on: "near",
    command: () => "systemctl stop redis-sentinel",
    named: /"down":\["[^\]]*:26379"/,
  },
  {
    what: "a Sentinel that nobody declared",
    on: "primary",
    command: ({ primary }) => `CLI PUBLISH __sentinel__:hello ${HELLO(primary.address)} && sleep 1`,
    named: /known-sentinel 10\.9\.9\.9:26379/,
  },
];
