import { LOOK_FOR_TIME, timeServiceOf } from "./time-service.ts";

/** `$1` redis or valkey. Each part of the answer has a line `== NAME` above it. */
export const LOOK = `
echo "== now"; date +%s%3N
echo "== os"; cat /etc/os-release
echo "== cpus"; nproc
echo "== memory"; sed -n 's/^MemTotal: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo
echo "== swap"; sed -n 's/^Swap\\(Total\\|Free\\): *\\([0-9]*\\) kB/\\2/p' /proc/meminfo
echo "== systemd"; [ -d /run/systemd/system ] && echo yes
for role in server sentinel; do
  echo "== $role"
  unit=$1-$role.service
  [ "$(systemctl show -P LoadState "$unit" 2>/dev/null)" = loaded ] || continue
  echo "$unit"
  systemctl is-enabled "$unit" 2>/dev/null | grep -x enabled || echo no
  systemctl is-active "$unit"
  systemctl show -P LimitNOFILE "$unit"
done
echo "== packages"
dpkg-query -W -f '\${db:Status-Status} \${Package} \${Version}\\n' 'redis*' 'valkey*' ufw 2>/dev/null | sed -n 's/^installed //p'
echo "== sysctl"
for name in vm/overcommit_memory vm/swappiness net/core/somaxconn; do value=$(cat "/proc/sys/$name") || value=0; echo "$value"; done
echo "== overriding"
for file in /etc/sysctl.d/*.conf /run/sysctl.d/*.conf /usr/lib/sysctl.d/*.conf; do
  [ "$(basename "$file")" \\> 99-redisha.conf ] || continue
  grep -lE '^[[:space:]]*-?(vm[./](overcommit_memory|swappiness)|net[./]core[./]somaxconn)[[:space:]]*=' "$file" 2>/dev/null
done
echo "== huge_pages"; sed 's/.*\\[\\(.*\\)\\].*/\\1/' /sys/kernel/mm/transparent_hugepage/enabled 2>/dev/null
echo "== logrotate"; command -v logrotate
echo "== covered"; grep -lE "/var/log/$1/" /etc/logrotate.conf /etc/logrotate.d/* 2>/dev/null | grep -vx /etc/logrotate.d/redisha
echo "== clock"; timedatectl show -p NTPSynchronized --value 2>/dev/null
${LOOK_FOR_TIME}
echo "== ufw"; command -v ufw
echo "== filtering"; ufw status 2>/dev/null | head -n 1
echo "== end"; date +%s%3N
:
`;

/** When this machine asked, and when it had the answer; milliseconds since 1970. */
interface Asked {
  readonly from: number;
  readonly to: number;
}

/** Pure: what the script said. */
export function readFacts(said: string, asked: Asked) {
  const parts = new Map(
    said.split(/^== /m).map((part) => {
      const [name = "", ...lines] = part.split("\n");
      return [name, lines.join("\n").trim()] as const;
    }),
  );
  const part = (name: string) => parts.get(name) ?? "";
  const os = (name: string) => new RegExp(`^${name}="?([^"\n]*)"?$`, "m").exec(part("os"))?.[1] ?? "";
  const [swapTotal = 0, swapFree = 0] = linesOf(part("swap")).map((kib) => Number(kib) * 1024);
  const [overcommit = 0, swappiness = 0, somaxconn = 0] = part("sysctl").split("\n").map(Number);
  return {
    os: { id: os("ID"), version: os("VERSION_ID"), codename: os("VERSION_CODENAME") },
    cpus: Number(part("cpus")),
    memory: Number(part("memory")) * 1024,
    swap: { total: swapTotal, used: swapTotal - swapFree },
    systemd: part("systemd") === "yes",
    server: unitOf(part("server")),
    sentinel: unitOf(part("sentinel")),
    packages: Object.fromEntries(linesOf(part("packages")).map((line): [string, string] => splitAt(line))),
    sysctl: { overcommit_memory: overcommit, swappiness, somaxconn },
    overriding: linesOf(part("overriding")),
    huge_pages: part("huge_pages"),
    logrotate: { installed: part("logrotate") !== "", covered: part("covered") !== "" },
    clock: {
      synchronized: part("clock") === "yes",
      ...compareClocks(asked, { from: Number(part("now")), to: Number(part("end")) }),
    },
    time_service: timeServiceOf({
      systemd: part("systemd") === "yes",
      synchronized: part("clock") === "yes",
      held: part("held"),
      units: part("time_units"),
      processes: linesOf(part("time_processes")),
      file: part("time_file") === "yes",
    }),
    ufw: { installed: part("ufw") !== "", active: part("filtering") === "Status: active" },
  };
}

/**
 * As NTP does it: what the host itself took is not on the way, and half of the rest is how wrong this may be, where all of the way
 * was in one direction (RFC 5905, 8).
 */
function compareClocks(here: Asked, there: Asked): { ahead_ms: number; give_or_take_ms: number } {
  const underway = Math.max(0, here.to - here.from - (there.to - there.from));
  return {
    ahead_ms: Math.round((there.from - here.from + there.to - here.to) / 2),
    give_or_take_ms: Math.ceil(underway / 2),
  };
}

function unitOf(text: string) {
  const [unit = "", enabled, active, nofile] = text.split("\n");
  if (unit === "") return null;
  // systemd says "infinity" where there is no limit.
  const limit = nofile === "infinity" ? Number.MAX_SAFE_INTEGER : Number(nofile);
  return { unit, enabled: enabled === "enabled", active: active === "active", nofile: limit };
}

function splitAt(line: string): [string, string] {
  const space = line.indexOf(" ");
  return [line.slice(0, space), line.slice(space + 1)];
}

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}
