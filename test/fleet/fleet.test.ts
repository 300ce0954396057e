import { execFileSync, spawn } from "node:child_process";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { until } from "../support/until.ts";
import { cgroupRoot } from "./harness/cgroup.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet, removeOrphans } from "./harness/fleet.ts";
import type { FleetHost } from "./harness/host.ts";
import { harnessPath } from "./harness/paths.ts";
import { offerPool } from "./harness/releases.ts";

describeOnFleet("a fleet of real hosts", () => {
  let fleet: Fleet;
  let [r1, r2, r3]: FleetHost[] = [];
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
    [r1, r2, r3] = fleet.hosts;
  });
  afterAll(() => fleet?.down());
  afterEach(async () => {
    // One test that fails shall not take the others with it.
    await fleet.heal();
    for (const { name, state } of await fleet.ps()) {
      if (state === "hung") await fleet.resume(name);
      if (state === "off") await fleet.boot(name);
    }
  });

  const host = (found: FleetHost | undefined): FleetHost => {
    if (!found) throw new Error("the fleet did not boot");
    return found;
  };

  it("has booted systemd on every host, and nothing failed", async () => {
    const ids = new Set<string>();
    for (const each of fleet.hosts) {
      expect(await each.exec("cat /proc/1/comm")).toBe("systemd");
      expect(await each.exec("systemctl --failed --no-legend")).toBe("");
      expect(await each.exec("systemctl is-system-running")).toBe("running");
      expect(await each.exec("hostname")).toBe(each.name);
      ids.add(await each.exec("cat /etc/machine-id"));
    }
    expect(ids.size).toBe(3);
  });

  it("gives root at its console what root of the host may do, and no more", async () => {
    const bounds = "grep CapBnd /proc/$PID/status";
    expect(await host(r1).exec(bounds.replace("$PID", "self"))).toBe(await host(r1).exec(bounds.replace("$PID", "1")));
    expect((await host(r1).attempt("date -s @$(date +%s)")).code).not.toBe(0);
    expect(await host(r1).exec("pwd; whoami; env | grep -c VITEST || true")).toBe("/\nroot\n0");
  });

  it("lets an ordinary user in over SSH, who may sudo", async () => {
    expect(await host(r1).ssh("whoami; hostname; sudo whoami")).toMatchObject({ code: 0, stdout: "ops\nr1\nroot\n" });
    expect(await host(r1).ssh("cat /etc/shadow")).toMatchObject({ code: 1 });
  });

  it("is known by host keys that are verified", async () => {
    const right = readFileSync(fleet.knownHosts, "utf8");
    // The keys of r2 under the address of r1: what a man in the middle would look like.
    const wrong = right
      .split("\n")
      .filter((line) => line.startsWith(`${host(r2).address} `))
      .map((line) => line.replace(host(r2).address, host(r1).address));
    try {
      writeFileSync(fleet.knownHosts, `${wrong.join("\n")}\n`);
      const refused = await host(r1).ssh("true");
      expect(refused.code).toBe(255);
      expect(refused.stderr).toContain("Host key verification failed");
    } finally {
      writeFileSync(fleet.knownHosts, right);
    }
    expect((await host(r1).ssh("true")).code).toBe(0);
  });

  it("installs packages with apt, of several versions, without a way out", async () => {
    await host(r3).exec("apt-get -qq update");
    const versions = await host(r3).exec("apt-cache madison redis-tools | cut -d'|' -f2 | sort -V");
    const [oldest = "", ...newer] = versions.split("\n").map((version) => version.trim());
    expect(newer.length).toBeGreaterThan(0);
    await host(r3).exec(`apt-get -qq -y --no-install-recommends install redis-tools=${oldest}`);
    expect(await host(r3).exec("dpkg-query -f '${Version}' -W redis-tools")).toBe(oldest);
    await host(r3).exec("apt-get -qq -y install redis-tools");
    expect(await host(r3).exec("dpkg-query -f '${Version}' -W redis-tools")).toBe(newer.at(-1));
    expect((await host(r3).attempt("ping -c 1 -W 1 192.0.2.1")).code).not.toBe(0);
  });

  it("is offered packages of another release while it runs", async () => {
    const offered = `apt-cache madison redis-server | cut -d'|' -f2`;
    expect(await host(r3).exec(offered)).not.toContain(" 5:6.0.");
    await offerPool(host(r3), "bookworm-from-bullseye");
    expect(await host(r3).exec(offered)).toMatch(/ 5:7\.0\.[\s\S]* 5:6\.0\./);
    await host(r3).exec("apt-get -qq -y --allow-downgrades install 'redis-tools=5:6.0.*'");
    expect(await host(r3).exec("redis-cli --version")).toContain(" 6.0.");
  });

  it("keeps its disk over a reboot, and nothing else", async () => {
    await host(r1).exec("echo kept >/root/kept; echo lost >/run/lost");
    await host(r1).exec("nft add table ip lost; sysctl -qw net.ipv4.tcp_fin_timeout=17 vm.swappiness=3");
    const before = await host(r1).exec("cat /proc/sys/kernel/random/boot_id");
    await fleet.reboot("r1");
    expect(await host(r1).exec("cat /proc/sys/kernel/random/boot_id")).not.toBe(before);
    expect(await host(r1).exec("cat /root/kept; ls /run/lost 2>&1 | wc -l")).toBe("kept\n1");
    expect((await host(r1).attempt("cat /run/lost")).code).toBe(1);
    expect(await host(r1).exec("nft list tables")).toBe("");
    expect(await host(r1).exec("sysctl -n net.ipv4.tcp_fin_timeout")).toBe("60");
    expect(await host(r1).exec("sysctl -n vm.swappiness")).not.toBe("3");
    expect((await host(r1).ssh("true")).code).toBe(0);
  });

  it("loses power without a word to its peers, and boots from the same disk", async () => {
    await host(r1).exec("echo kept >/root/written; systemd-run -q --unit listen nc -l -k 7001");
    await until(() => reaches(host(r2), host(r1), 7001));
    await host(r2).exec(`systemd-run -q --unit talk sh -c 'sleep infinity | nc ${host(r1).address} 7001'`);
    const connections = `ss -Htn state established dst ${host(r1).address}:7001 | wc -l`;
    await until(async () => (await host(r2).exec(connections)) === "1");
    await fleet.powerOff("r1");
    expect((await fleet.ps())[0]).toMatchObject({ name: "r1", state: "off" });
    // A process that dies says goodbye through its kernel; a host without power does not.
    expect(await host(r2).exec(`sleep 1; ${connections}`)).toBe("1");
    expect((await host(r1).ssh("true")).code).toBe(255);
    await expect(host(r1).exec("true")).rejects.toThrow("r1 is off");
    await fleet.boot("r1");
    expect(await host(r1).exec("cat /root/written")).toBe("kept");
    await host(r2).exec("systemctl stop talk");
  });

  it("goes off and stays off when it is told to", async () => {
    await host(r1).attempt("systemctl poweroff");
    await until(async () => (await fleet.ps())[0]?.state === "off");
    await fleet.boot("r1");
    expect((await host(r1).ssh("true")).code).toBe(0);
  });

  it("is cut off from its peers while SSH goes on, from some, or from everything", async () => {
    const [one, two, three] = [host(r1), host(r2), host(r3)];
    const seen = async (): Promise<string> => {
      const ways = { "1→2": [one, two], "2→1": [two, one], "3→1": [three, one], "2→3": [two, three] } as const;
      const open = await Promise.all(
        Object.entries(ways).map(async ([way, [from, to]]) => ((await reaches(from, to, 22)) ? [way] : [])),
      );
      return [...open.flat(), ...((await one.ssh("true")).code === 0 ? ["ssh"] : [])].join(" ");
    };
    expect(await seen()).toBe("1→2 2→1 3→1 2→3 ssh");
    await fleet.partition("r1", "peers");
    expect(await seen()).toBe("2→3 ssh");
    expect((await fleet.ps())[0]?.faults).toEqual(["cut off from peers"]);
    await fleet.heal("r1");
    expect(await seen()).toBe("1→2 2→1 3→1 2→3 ssh");
    await fleet.partition(one, [two]);
    expect(await seen()).toBe("3→1 2→3 ssh");
    await fleet.heal("r2");
    expect(await seen()).toBe("1→2 2→1 3→1 2→3 ssh");
    await fleet.partition("r1", "all");
    expect(await seen()).toBe("2→3");
    // Neither does it end with a reboot, nor can the host see why.
    await fleet.reboot("r1");
    expect(await seen()).toBe("2→3");
    expect(await one.exec("nft list ruleset; iptables -S | grep -v ACCEPT || true")).toBe("");
    await fleet.heal();
    expect(await seen()).toBe("1→2 2→1 3→1 2→3 ssh");
  });

  it("is far away for as long as it shall be, also after a reboot", async () => {
    const roundTrip = async (): Promise<number> => {
      const said = await host(r2).exec(`ping -c 3 -i 0.2 ${host(r1).address}`);
      return Number(/= ([\d.]+)/.exec(said)?.[1]);
    };
    expect(await roundTrip()).toBeLessThan(150);
    await fleet.latency("r1", 150);
    // The first packets may pass before the program that holds them listens.
    await until(async () => (await roundTrip()) >= 150);
    expect((await fleet.ps())[0]?.faults).toEqual(["+150 ms"]);
    await fleet.reboot("r1");
    await until(async () => (await roundTrip()) >= 150);
    await fleet.latency("r1", 0);
    expect(await roundTrip()).toBeLessThan(150);
    expect((await host(r1).ssh("true")).code).toBe(0);
  });

  it("hangs with its connections open, and goes on where it was", async () => {
    await host(r1).exec("systemd-run -q --unit count sh -c 'while sleep 0.1; do echo >>/root/count; done'");
    const size = (): number => readable(join(fleet.folder, "r1", "root", "root", "count")).length;
    await until(async () => size() > 0);
    await fleet.hang("r1");
    expect((await fleet.ps())[0]?.state).toBe("hung");
    // The kernel still answers for a frozen sshd, which never says its name.
    expect(await reaches(host(r2), host(r1), 22)).toBe(true);
    expect(await host(r1).ssh("true", { timeoutMs: 10_000 })).toMatchObject({ code: 255 });
    const counted = size();
    await expect(host(r1).exec("true", { timeoutMs: 500 })).rejects.toThrow("exited with 137");
    expect(size()).toBe(counted);
    await fleet.resume("r1");
    await until(async () => size() > counted);
    expect((await host(r1).ssh("sudo systemctl stop count")).code).toBe(0);
  });

  it.each(["ufw", "nft", "iptables"])("filters with %s what comes in", async (firewall) => {
    const [one, two, three] = [host(r1), host(r2), host(r3)];
    await one.exec("systemctl stop listen 2>/dev/null || true; systemd-run -q --unit listen nc -l -k 7001");
    await until(() => reaches(two, one, 7001));
    const from = two.address;
    const rules = {
      ufw: `ufw allow 22/tcp && ufw allow from ${from} to any port 7001 proto tcp && ufw --force enable`,
      nft: `nft -f - <<<'table ip t { chain c { type filter hook input priority 0;
        tcp dport 7001 ip saddr != ${from} drop; }; }'`,
      iptables: `iptables -A INPUT -p tcp --dport 7001 ! -s ${from} -j DROP`,
    };
    await one.exec(rules[firewall as keyof typeof rules]);
    expect([await reaches(two, one, 7001), await reaches(three, one, 7001)]).toEqual([true, false]);
    expect((await one.ssh("true")).code).toBe(0);
    await fleet.reboot("r1");
    await one.exec("systemd-run -q --unit listen nc -l -k 7001");
    await until(() => reaches(two, one, 7001));
    // ufw is a service and comes back; rules typed by hand are gone.
    expect(await reaches(three, one, 7001)).toBe(firewall !== "ufw");
    await one.exec("ufw --force disable; ufw --force reset; systemctl stop listen");
  });

  it("has kernel settings of its own, which answer as the kernel does", async () => {
    const settings = ["vm/overcommit_memory", "vm/swappiness", "net/core/somaxconn"];
    const ours = settings.map((path) => readFileSync(`/proc/sys/${path}`, "utf8"));
    await host(r1).exec("sysctl -qw vm.overcommit_memory=2 vm.swappiness=7 net.core.somaxconn=77");
    const read = settings.map((path) => `/proc/sys/${path}`).join(" ");
    expect(await host(r1).exec(`cat ${read}`)).toBe("2\n7\n77");
    expect(await host(r2).exec(`cat ${read}`)).not.toMatch(/^2$|^7$|^77$/m);
    expect(settings.map((path) => readFileSync(`/proc/sys/${path}`, "utf8"))).toEqual(ours);
    const hugePages = "/sys/kernel/mm/transparent_hugepage/enabled";
    await host(r1).exec(`echo never >${hugePages}`);
    await until(async () => (await host(r1).exec(`cat ${hugePages}`)) === "always madvise [never]");
    expect(await host(r2).exec(`cat ${hugePages}`)).toBe("[always] madvise never");
  });

  it("stands beside another fleet, which it does not reach and which can go without it", async () => {
    const other = await bootFleet({ hosts: 1 });
    try {
      expect(other.number).not.toBe(fleet.number);
      expect((await other.host("r1").ssh("true")).code).toBe(0);
      expect(await reaches(host(r2), host(r1), 22)).toBe(true);
      expect(await reaches(host(r1), other.host("r1"), 22)).toBe(false);
      await other.partition("r1", "all");
      expect((await host(r1).ssh("true")).code).toBe(0);
    } finally {
      await other.down();
    }
    expect(tracesOf(other)).toEqual([]);
    expect((await host(r1).ssh("true")).code).toBe(0);
  });

  it.each(["a hung host", "a host without power", "latency"])("leaves nothing behind, with %s", async (fault) => {
    const other = await bootFleet({ hosts: 2 });
    if (fault === "a hung host") await other.hang("r1");
    if (fault === "a host without power") await other.powerOff("r1");
    if (fault === "latency") await other.latency("r1", 50);
    expect(tracesOf(other)).not.toEqual([]);
    await other.down();
    await other.down();
    expect(tracesOf(other)).toEqual([]);
  });

  it("is taken down by its keeper when its owner is killed", async () => {
    const { owned, kill } = await fleetOfAnother();
    expect(tracesOf(owned)).not.toEqual([]);
    kill();
    await until(async () => tracesOf(owned).length === 0);
  });

  it("is taken down by whoever comes next when even its keeper is killed", async () => {
    const { owned, kill, keeper } = await fleetOfAnother();
    process.kill(keeper, "SIGKILL");
    kill();
    await until(async () => !existsSync(`/proc/${keeper}`));
    await removeOrphans();
    expect(tracesOf(owned)).toEqual([]);
    expect((await host(r1).ssh("true")).code).toBe(0);
  });
});

type Trace = Pick<Fleet, "number" | "folder">;

/** Where this machine still shows a fleet: cables, namespaces, mounts, groups, rules, processes, files. */
function tracesOf({ number, folder }: Trace): string[] {
  const shown = [
    execFileSync("ip", ["-brief", "link"]).toString(),
    execFileSync("nft", ["list", "tables"]).toString(),
    readFileSync("/proc/self/mounts", "utf8"),
    (existsSync("/run/netns") ? readdirSync("/run/netns") : []).join("\n"),
    readdirSync(cgroupRoot() ?? "/").join("\n"),
    existsSync(folder) ? folder : "",
    processesOf(folder),
  ].join("\n");
  const marks = new RegExp(`\\brfleet${number}\\b|redisha-fleet-${number}\\b|${folder}`);
  return shown.split("\n").filter((line) => marks.test(line));
}

/** Processes that were started for a host, by their environment. */
function processesOf(folder: string): string {
  return readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid) && readable(`/proc/${pid}/environ`).includes(`FOLDER=${folder}`))
    .map((pid) => `${folder}: ${readable(`/proc/${pid}/cmdline`)}`)
    .join("\n");
}

function readable(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

/** A fleet of one host that belongs to another process, and how to kill that. */
async function fleetOfAnother(): Promise<{ owned: Trace; kill: () => void; keeper: number }> {
  const script = `
    const { bootFleet } = await import(${JSON.stringify(harnessPath("fleet.ts"))});
    const { number, folder } = await bootFleet({ hosts: 1 });
    console.log(JSON.stringify({ number, folder }));
    setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const line = await new Promise<string>((resolve, reject) => {
    child.stdout.once("data", (chunk: Buffer) => resolve(chunk.toString()));
    child.once("exit", (code) => reject(new Error(`no fleet: ${code}`)));
  });
  const owned: Trace = JSON.parse(line);
  const keeper = readdirSync("/proc").find(
    (pid) => /^\d+$/.test(pid) && readable(`/proc/${pid}/cmdline`).includes(`keeper.ts\0${owned.folder}`),
  );
  return { owned, kill: () => void child.kill("SIGKILL"), keeper: Number(keeper) };
}

/** True where a host gets an answer from a port of another within a second. */
async function reaches(from: FleetHost, to: FleetHost, port: number): Promise<boolean> {
  return (await from.attempt(`nc -z -w 1 ${to.address} ${port}`)).code === 0;
}
