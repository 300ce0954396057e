import { readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where cgroup v2 is mounted, be it beside v1 or alone; undefined where it is not. */
export function cgroupRoot(): string | undefined {
  for (const line of readFileSync("/proc/self/mounts", "utf8").split("\n")) {
    const [, folder, type] = line.split(" ");
    if (type === "cgroup2") return folder;
  }
  return undefined;
}

/** The processes of one host: what was started in it, and nspawn, which holds it. */
export interface HostCgroup {
  readonly path: string;
  /** Lists the processes of the group that process 1 is in once it has begun to boot. */
  readonly consoleProcs: string;
  /** Process 1 of the host as this machine numbers it; undefined while there is none. */
  init(): number | undefined;
  /** Stops all of the host in the middle of what it does, or lets it go on. */
  freeze(frozen: boolean): void;
  frozen(): boolean;
  /** Ends all of the host at once; `all` takes nspawn with it, which otherwise ends by itself and in good order. */
  kill(what: "payload" | "all"): void;
  /** Takes the empty groups away; a freeze goes with them. */
  remove(): void;
}

/** The group of a host, e.g. `redisha-fleet-3/r1`. It need not exist yet. */
export function hostCgroup(fleet: number, host: string): HostCgroup {
  const root = cgroupRoot();
  if (root === undefined) throw new Error("no cgroup2 is mounted");
  const path = join(root, `redisha-fleet-${fleet}`, host);
  const payload = join(path, "payload");
  return {
    path,
    consoleProcs: join(payload, "init.scope", "cgroup.procs"),
    init: () =>
      // It moves to a group of its own while it boots: looked for in this order, it is not missed on its way.
      [payload, join(payload, "init.scope")]
        .flatMap((folder) => read(join(folder, "cgroup.procs")).split("\n"))
        .filter((pid) => /^NSpid:.*\t1$/m.test(pid === "" ? "" : read(`/proc/${pid}/status`)))
        .map(Number)[0],
    freeze: (frozen) => writeFileSync(join(payload, "cgroup.freeze"), frozen ? "1" : "0"),
    frozen: () => read(join(payload, "cgroup.events")).includes("frozen 1"),
    kill: (what) => write(join(what === "all" ? path : payload, "cgroup.kill"), "1"),
    remove: () => {
      removeEmpty(path);
      // The fleet's own group goes with its last host.
      remove(join(path, ".."));
    },
  };
}

function read(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** A group that is gone has nothing left to be told. */
function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch {
    return;
  }
}

function removeEmpty(folder: string): void {
  try {
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      if (entry.isDirectory()) removeEmpty(join(folder, entry.name));
    }
  } catch {
    return;
  }
  remove(folder);
}

function remove(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Not empty, or gone already.
  }
}
