import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { stringify } from "yaml";
import { packagePath } from "../../src/core/package-root.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { redisha } from "../support/redisha.ts";
import { until } from "../support/until.ts";

const PASSWORD = "the-operators-0wn";
const MODULE = "/opt/modules/tiny.so";
const TELL = "/opt/redisha/tell";
const TOLD = "/var/lib/redis/told";

/** Where others reach r3; nobody has this address. */
const OUTSIDE = "198.51.100.3";

describeOnFleet(
  "init with scripts of Sentinel, a module, a host behind NAT, and a server that is never to be promoted",
  () => {
    let fleet: Fleet;
    let file: string;
    const names = ["r1", "r2", "r3"];
    beforeAll(async () => {
      fleet = await bootFleet({ hosts: 3 });
      file = join(fleet.folder, "redisha.yaml");
      await writeFile(join(fleet.folder, "password"), PASSWORD, { mode: 0o600 });
      const translate = `iptables -t nat -A OUTPUT -d ${OUTSIDE} -j DNAT --to-destination ${fleet.host("r3").address}`;
      for (const host of fleet.hosts) await host.exec(translate);
      await declare([MODULE]);
    });
    afterAll(() => fleet?.down());

    const declare = async (modules: readonly string[]) => {
      const login = { password: { file: "password" } };
      const r3 = { address: fleet.host("r3").address, redis_address: OUTSIDE, listen: fleet.host("r3").address };
      const deployment = {
        ...{ topology: "sentinel", master_name: "mymaster", timeouts: { connect: "1m", command: "1m" } },
        hosts: { r1: { address: fleet.host("r1").address }, r2: { address: fleet.host("r2").address }, r3 },
        engine: { name: "redis", version: "7.0", source: "apt" },
        redis: {
          ...{ on: names, initial_primary: "r1", replica_priority: { r3: 0 }, write_rate: "100kb", modules },
          config: { maxmemory: "1gb", "repl-diskless-sync-delay": 0 },
        },
        sentinel: {
          on: names,
          down_after: "5s",
          failover_timeout: "10s",
          notification_script: TELL,
          reconfig_script: TELL,
        },
        ssh: { user: "ops", identity: fleet.identity, known_hosts: fleet.knownHosts, become: "sudo" },
        auth: { operator: { username: "redisha", ...login }, sentinel: "same" },
        users: { replication: login, sentinel: login },
      };
      await writeFile(file, stringify({ version: 1, deployments: { extras: deployment } }));
    };

    const init = async (...flags: string[]) => {
      const { stdout, stderr, code } = await redisha(["init", "--file", file, "--json", ...flags]);
      const { result, error } = JSON.parse(stdout || "{}");
      return { code, result, error, said: `${JSON.stringify(error)} ${stderr}` };
    };
    const cli = (host: string, port: number, command: string) =>
      fleet.host(host).exec(`REDISCLI_AUTH=${PASSWORD} redis-cli --user redisha -p ${port} ${command}`);
    const primary = async () =>
      JSON.parse((await redisha(["status", "--file", file, "--json"])).stdout).result.topology.primary_id as string;
    const modulesOf = (host: string) => cli(host, 6379, "MODULE LIST");

    it("refuses before anything is touched where a script or a module is not there", async () => {
      const { code, error, said } = await init("--yes");
      expect({ code, error: error?.code }, said).toEqual({ code: 4, error: "INIT_NO_EXECUTABLE" });
      expect((await fleet.host("r1").attempt("ls /etc/redis")).code).not.toBe(0);
    });

    it("sets it up, and finds nothing to do in a second run", async () => {
      const built = join(fleet.folder, "tiny.so");
      const source = packagePath("test", "soak", "tiny-module.c");
      await promisify(execFile)("gcc", ["-shared", "-fPIC", "-o", built, source]);
      const module = (await readFile(built)).toString("base64");
      const script = Buffer.from(`#!/bin/sh\necho "$@" >>${TOLD}\n`).toString("base64");
      const put = (path: string, content: string) =>
        `install -d "$(dirname ${path})" && echo ${content} | base64 -d >${path} && chmod 755 ${path}`;
      for (const host of fleet.hosts) {
        await host.exec(put(MODULE, module));
        await host.exec(put(TELL, script));
      }
      const { code, said } = await init("--yes");
      expect(code, said).toBe(0);
      const again = await init("--yes");
      expect(again.result, again.said).toMatchObject({ differs: false });
      expect((await redisha(["status", "--file", file])).code).toBe(0);
    });

    it("has servers load the module, listen where their host is, and announce where it is reached", async () => {
      for (const name of names) expect(await modulesOf(name)).toContain(MODULE);
      expect(await cli("r1", 6379, "INFO replication")).toContain(`ip=${OUTSIDE},port=6379,state=online`);
      expect(await cli("r1", 26379, "SENTINEL SENTINELS mymaster")).toContain(OUTSIDE);
      expect(await fleet.host("r3").exec("ss -ltn")).toContain(`${fleet.host("r3").address}:6379`);
      expect(await cli("r1", 6379, "CONFIG GET repl-backlog-size")).toContain(String(64 * 1024 ** 2));
    });

    it("has Sentinels run the scripts at a failover, and never promotes the server that is not to be", async () => {
      for (const from of ["r1", "r2"]) {
        expect(await primary()).toBe(`${from}:6379`);
        await until(async () =>
          (await cli("r2", 26379, "SENTINEL FAILOVER mymaster").catch(() => "no")).includes("OK"),
        );
        await until(async () => (await primary()) !== `${from}:6379`);
        await until(async () => (await redisha(["status", "--file", file])).code === 0);
      }
      await until(async () => {
        const told = await fleet.host("r2").exec(`cat ${TOLD}`);
        return told.includes("+switch-master") && /^mymaster (leader|observer) /m.test(told);
      });
      expect(await primary()).toBe("r1:6379");
      expect((await init("--drift")).result).toMatchObject({ differs: false });
    });

    it("restarts nothing for a module that is no more declared unless that is agreed to", async () => {
      await declare([]);
      expect((await init("--yes")).code).toBe(4);
      const { code, said } = await init("--yes", "--restart");
      expect(code, said).toBe(0);
      for (const name of names) expect(await modulesOf(name)).not.toContain(MODULE);
      expect((await init("--drift")).result).toMatchObject({ differs: false });
    });
  },
);
