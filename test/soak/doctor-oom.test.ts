import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet } from "../fleet/harness/fleet.ts";
import { pidOf } from "../fleet/odd-hosts.ts";
import { doctor, evidenceOf } from "../support/doctor.ts";
import { bringUpLab } from "../support/lab.ts";
import { until } from "../support/until.ts";

/** Where limits of memory are a hierarchy of their own, no host of a fleet has any; then this machine can set them. */
const GROUPS = "/sys/fs/cgroup/memory";
const LIMIT = 32 * 1024 ** 2;

/** Not among the tests of every change: for a quarter of an hour, doctor tells of it on every lab of this machine. */
describeOnFleet("a server that the kernel ends for want of memory", () => {
  it.skipIf(!existsSync(join(GROUPS, "memory.limit_in_bytes")))(
    "is told by its own host from what systemd saw, and by one that sees its kernel from what that says",
    async () => {
      await using fleet = await bootFleet({ hosts: 3 });
      const deployment = await deploySentinel(fleet, { downAfterMs: 600_000 });
      const pid = pidOf(fleet, "r2", "redis-server");
      const group = join(GROUPS, `redisha-oom-${pid}`);
      mkdirSync(group);
      writeFileSync(join(group, "memory.limit_in_bytes"), String(LIMIT));
      writeFileSync(join(group, "cgroup.procs"), String(pid));
      // It is ended in the middle of a command.
      await deployment.cli("r1:6379", "CONFIG", "SET", "client-output-buffer-limit", "replica 0 0 0");
      const grow = "for i=1,100 do redis.call('SETRANGE', 'k'..i, 1048575, 'x') end";
      await deployment.cli("r1:6379", "EVAL", grow, "0");
      await until(async () => (await fleet.host("r2").exec("systemctl show -P NRestarts redis-server")) !== "0");
      rmdirSync(group);

      const seen = (await doctor(deployment.file, "--only", "killed-by-kernel")).of("killed-by-kernel");
      expect(seen).toMatchObject({ subjects: ["r2"], confidence: "possible" });
      expect(evidenceOf(seen)).toMatch(/systemd: redis-server\.service: .*status=9\/KILL/);
      // Systemd starts it again, and it takes everything from its primary: nothing holds it down any more.
      await deployment.settled();
      expect(await deployment.cli("r2:6379", "DBSIZE")).toBe("100");

      await using lab = await bringUpLab({ topology: "replication" });
      const told = (await doctor(lab.file, "--only", "killed-by-kernel")).of("killed-by-kernel");
      expect(told).toMatchObject({
        confidence: "certain",
        message: expect.stringMatching(/^The kernel of r\d ended a server/),
      });
      expect(evidenceOf(told)).toMatch(/kernel: Memory cgroup out of memory: Killed process \d+ \(redis-server\)/);
    },
  );
});
