import type { TimePolicy } from "../../inventory/model.ts";

/** Debian's own, which `init-os` sets up where nothing keeps a clock right. */
export const TIMESYNCD = "systemd-timesyncd.service";
const PACKAGE = "systemd-timesyncd";

/** Of its files this one is redisha's: where it lies, redisha has set the service up. */
export const TIMESYNCD_FILE = "/etc/systemd/timesyncd.conf.d/50-redisha.conf";

/**
 * What may keep the clock of a host right, and whether it may set it at all. Other services than these name themselves in
 * ntp-units.d, as systemd asks of them (systemd-timedated.service, 8). A host in a container has the clock of the machine below,
 * and CAP_SYS_TIME is bit 25 of what its first process may ever do (capabilities, 7).
 */
export const LOOK_FOR_TIME = `
echo "== held"
if systemd-detect-virt --quiet --container 2>/dev/null; then systemd-detect-virt --container
else
  may=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/1/status)
  [ $((0x\${may:-0} >> 25 & 1)) = 1 ] || echo "no CAP_SYS_TIME"
fi
echo "== time_units"
more=$(cat /etc/systemd/ntp-units.d/*.list /run/systemd/ntp-units.d/*.list /usr/lib/systemd/ntp-units.d/*.list 2>/dev/null | grep -E '^[A-Za-z0-9@._-]+$')
systemctl show -p Id,LoadState,UnitFileState,ActiveState ${TIMESYNCD} chrony.service chronyd.service ntpsec.service ntp.service ntpd.service openntpd.service $more 2>/dev/null
echo "== time_processes"; cat /proc/[0-9]*/comm 2>/dev/null | grep -xE 'chronyd|ntpd|phc2sys|ptp4l|VBoxService' | sort -u
echo "== time_file"; [ -e ${TIMESYNCD_FILE} ] && echo yes`;

/** What that script said, by its parts. */
export interface TimeLook {
  readonly systemd: boolean;
  readonly synchronized: boolean;
  /** Why the host may not set its clock; empty where it may. */
  readonly held: string;
  /** Of each unit, as `systemctl show` prints it, with an empty line between. */
  readonly units: string;
  readonly processes: readonly string[];
  /** The file of redisha's lies there. */
  readonly file: boolean;
}

export interface TimeService {
  /**
   * `kept` by something that is not redisha's; `ours`: redisha has set it up; `due`: nothing does, and redisha may set it up;
   * `held`: the host may not set its clock; `left`: nothing does, and redisha cannot, or is not to.
   */
  readonly keeping: "kept" | "ours" | "due" | "held" | "left";
  /** Who keeps it, or why nobody may; null where that is not known. */
  readonly by: string | null;
  /** The unit to be enabled and started; null where redisha leaves the clock alone. */
  readonly unit: string | null;
  readonly enabled: boolean;
  readonly active: boolean;
  /** What is to be installed for it; null where it is there. */
  readonly package: string | null;
}

interface Unit {
  readonly id: string;
  readonly load: string;
  readonly enabled: boolean;
  readonly active: boolean;
}

const ALONE = { unit: null, enabled: false, active: false, package: null };

/** Pure: whose the clock of a host is. One that runs already is never touched, one that somebody masked is not wanted. */
export function timeServiceOf(look: TimeLook): TimeService {
  if (look.held !== "") return { ...ALONE, keeping: "held", by: look.held };
  const units = look.units.split("\n\n").flatMap(readUnit);
  const own = units.find(({ id, load }) => id === TIMESYNCD && load === "loaded");
  const running = units.find(({ id, active }) => active && !(look.file && id === TIMESYNCD))?.id ?? look.processes[0];
  if (running !== undefined) return { ...ALONE, keeping: "kept", by: running };
  if (own && look.file) return { ...toStart(own), keeping: "ours", by: TIMESYNCD };
  if (!look.systemd) return { ...ALONE, keeping: "left", by: "systemd does not run" };
  const there = own ?? units.find(({ load }) => load === "loaded");
  if (there) return { ...toStart(there), keeping: "due", by: null };
  const masked = units.find(({ load }) => load === "masked");
  if (look.synchronized) return { ...ALONE, keeping: "kept", by: null };
  if (masked) return { ...ALONE, keeping: "left", by: `${masked.id} is masked` };
  return { keeping: "due", by: null, unit: TIMESYNCD, enabled: false, active: false, package: PACKAGE };
}

export interface DeclaredTimeService extends TimeService {
  /** As they stand in its file, with spaces between. */
  readonly servers: string;
}

/** Pure: what is to be done about it by redisha.yaml, which may leave it to somebody else. */
export function asDeclared(found: TimeService, declared: TimePolicy | undefined): DeclaredTimeService {
  const servers = declared?.servers.join(" ") ?? "";
  if (declared?.manager !== "none" || found.unit === null) return { ...found, servers };
  return { ...ALONE, keeping: "left", by: "time.manager is none", servers };
}

function toStart({ id, enabled, active }: Unit) {
  return { unit: id, enabled, active, package: null };
}

function readUnit(block: string): Unit[] {
  const said = new Map(block.split("\n").map((line): [string, string] => splitAt(line)));
  const id = said.get("Id");
  if (id === undefined) return [];
  return [
    {
      id,
      load: said.get("LoadState") ?? "",
      enabled: said.get("UnitFileState") === "enabled",
      active: said.get("ActiveState") === "active",
    },
  ];
}

function splitAt(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1)];
}
