import { directivesOf } from "../conf/conf-file.ts";
import { linesOf } from "./lines.ts";

/** What the survey's script printed of an instance. */
export interface InstanceFiles {
  /** The text of its configuration file; undefined where there is none. May hold secrets: it goes no further. */
  readonly conf: string | undefined;
  readonly hasData: boolean;
  /** The state of its unit, as systemd has it: active, inactive, failed, activating… */
  readonly unit: string;
  /** systemd starts it when the host boots. */
  readonly boots: boolean;
  /** Files beside its unit by which somebody changes it; those of redisha left out. */
  readonly dropIns: readonly string[];
}

export interface HostReading {
  readonly memory: number;
  /** The user that servers run as is there. */
  readonly hasUser: boolean;
  /** Versions of installed packages, by name, as dpkg has them. */
  readonly installed: Readonly<Record<string, string>>;
  /** Versions of the server's package that apt could install, newest first. */
  readonly offered: readonly string[];
  readonly files: ReadonlyMap<string, InstanceFiles>;
}

/**
 * `$1` the product, `$2` the directory of its programs or nothing, then for each instance its id, file, folder of data and
 * unit. Prints facts a line each, words separated by tabs; files in base64. Reads only.
 */
export const READ_HOST = `
product=$1 directory=$2; shift 2
tab=$(printf '\\t')
awk '/^MemTotal:/ { printf "memory\\t%d\\n", $2 * 1024 }' /proc/meminfo
! id -u "$product" >/dev/null 2>&1 || echo user
if [ -n "$directory" ]; then
  runuser -u nobody -- "$directory/bin/$product-server" --version 2>/dev/null |
    awk -v name="$product-server" '{ for (i = 1; i <= NF; i++) if ($i ~ /^v=/) print "installed\\t" name "\\t" substr($i, 3) }'
else for p in server sentinel tools; do
  v=$(dpkg-query -W -f '\${db:Status-Abbrev}\${Version}' "$product-$p" 2>/dev/null) || continue
  case $v in ii*) echo "installed$tab$product-$p$tab\${v#ii }" ;; esac
done
apt-cache madison "$product-server" 2>/dev/null | awk -F'|' '{ gsub(/ /, "", $2); print "offered\\t" $2 }'
fi
while [ $# -ge 4 ]; do
  id=$1 conf=$2 data=$3 unit=$4; shift 4
  state=$(systemctl is-active -- "$unit" 2>/dev/null)
  found=$(find "$data" -maxdepth 2 \\( -name '*.rdb' -o -name '*.aof' \\) -size +0 2>/dev/null | head -n 1)
  echo "unit$tab$id$tab\${state:-unknown}"
  [ -z "$found" ] || echo "data$tab$id"
  case $(systemctl is-enabled -- "$unit" 2>/dev/null) in enabled*) echo "boots$tab$id" ;; esac
  for d in $(systemctl show -P DropInPaths -- "$unit" 2>/dev/null); do
    case $d in */50-redisha-*) ;; /etc/*) echo "dropin$tab$id$tab$d" ;; esac
  done
  [ ! -f "$conf" ] || echo "conf$tab$id$tab$(base64 -w0 <"$conf")"
done`;

/** Reads what READ_HOST printed. */
export function readHost(text: string): HostReading {
  const lines = text
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
  const of = (word: string) => lines.filter(([first]) => first === word);
  const ids = of("unit").map(([, id = ""]) => id);
  return {
    memory: Number(of("memory")[0]?.[1] ?? 0),
    hasUser: of("user").length > 0,
    installed: Object.fromEntries(of("installed").map(([, name = "", version = ""]) => [name, version])),
    offered: of("offered").map(([, version = ""]) => version),
    files: new Map(
      ids.map((id) => {
        const conf = of("conf").find(([, its]) => its === id)?.[2];
        return [
          id,
          {
            conf: conf === undefined ? undefined : Buffer.from(conf, "base64").toString(),
            hasData: of("data").some(([, its]) => its === id),
            unit: of("unit").find(([, its]) => its === id)?.[2] ?? "unknown",
            boots: of("boots").some(([, its]) => its === id),
            dropIns: of("dropin").flatMap(([, its, path = ""]) => (its === id ? [path] : [])),
          },
        ];
      }),
    ),
  };
}

/** `5:7.0.15-1~deb12u10` as `7.0.15`. */
export function upstreamOf(version: string): string {
  return version.replace(/^\d+:/, "").replace(/[-+~].*$/, "");
}

/** What a configuration file tells without its server. */
export function readConf(text: string, group: string | undefined) {
  const lines = linesOf(text);
  const directives = directivesOf(lines);
  const follows = directives.find(({ name }) => name === "replicaof" || name === "slaveof")?.values;
  const monitor = directives.find(
    ({ name, values }) => name === "sentinel" && values[0] === "monitor" && values[1] === group,
  )?.values;
  return {
    follows: follows && follows.length === 2 ? follows.join(":") : null,
    names: monitor ? `${monitor[2]}:${monitor[3]}` : null,
    of: /^# (?:Sentinel )?\S+ of (\S+), rendered by redisha\./m.exec(text)?.[1] ?? null,
  };
}
