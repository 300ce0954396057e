import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "vitest";
import { afterwards, runWith, standOf } from "../fleet/broken-upgrade.ts";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import type { FleetDeployment } from "../fleet/harness/deployment.ts";
import { describeOnFleet } from "../fleet/harness/describe.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { offerPool } from "../fleet/harness/releases.ts";
import { servedBy } from "../fleet/served-by.ts";
import { redisha } from "../support/redisha.ts";
import { lostOf, startWriters } from "../support/writers.ts";

const DONE = { code: 0, said: "" };

describeOnFleet(
  "going back by packages from behind the point of no return, by the backup that the upgrade made",
  () => {
    it.each([
      ["redis-7.0", "7.0.15", "8.0.2"],
      ["redis-6.0", "6.0.16", "7.0.15"],
    ] as const)(
      "brings everything from before, also out of a half of it (%s, %s from %s)",
      async (release, older, newer) => {
        const place = await mkdtemp(join(tmpdir(), "redisha-fleet-repository-"));
        await using fleet = await bootFleet({ hosts: 3, pools: ["bookworm-from-bullseye", "bookworm"] });
        const inventory = { backup: { repository: join(place, "repository") } };
        const deployment = await deploySentinel(fleet, { release, downAfterMs: 5_000, inventory });
        if (newer.startsWith("8")) for (const host of fleet.hosts) await offerPool(host, "bookworm-from-trixie");
        const before = await standOf(fleet, deployment);
        const up = ["upgrade", "--file", deployment.file, "--to", newer, "--soak", "0s", "--confirm", "fleet"];
        const down = ["rollback", "--file", deployment.file, "--to", older, "--lose", "1gb", "--confirm", "fleet"];

        const writers = startWriters(servedBy(fleet), 8);
        await delay(1_000);
        expect(await ended(up)).toEqual(DONE);
        await writers.stop();
        const ahead = await standOf(fleet, deployment);
        const refused = await redisha([...down.filter((word) => !["--lose", "1gb"].includes(word)), "--json"]);
        const { error } = JSON.parse(refused.stdout);
        process.stdout.write(`${newer} to ${older}, without --lose: ${refused.code} ${error.code} ${error.message}\n`);
        expect(refused.code).toBe(4);

        for (const step of ["data.packages", "data.start_primaries"]) {
          await redisha([...down, "-o", "jsonl"], {
            onStdout: (text, kill) => {
              if (text.includes(`"type":"op_started","step":"${step}"`)) kill("SIGKILL");
            },
          });
          expect(await afterwards(deployment, "rollback")).toEqual(DONE);
          await deployment.settled(120_000);
          expect(await standOf(fleet, deployment)).toEqual(ahead);
          process.stdout.write(`killed at ${step}: taken back\n`);
        }

        const back = await redisha([...down, "--json"]);
        expect({ code: back.code, said: back.code === 0 ? "" : back.stdout + back.stderr }).toEqual(DONE);
        await deployment.settled(120_000);
        expect(await standOf(fleet, deployment)).toEqual(before);
        const { lost } = JSON.parse(back.stdout).result.outputs;
        const kept = writers.acked.filter(({ at }) => performance.timeOrigin + at < Date.parse(lost.since));
        const [primary = ""] = await deployment.primaries();
        const gone = await lostOf(deployment, primary, writers);
        process.stdout.write(
          `${newer} to ${older}: ${writers.acked.length} writes, ${kept.length} before the backup, ${gone.length} lost behind it, ${lost.bytes} bytes announced\n`,
        );
        expect(await lostOf(deployment, primary, { acked: kept })).toEqual([]);
        expect(lost.bytes).toBeGreaterThan(gone.length * 10);
        await survivesReboots(fleet, deployment);
        expect(await standOf(fleet, deployment)).toEqual(before);
        await rm(place, { recursive: true, force: true });
      },
    );

    async function ended(argv: readonly string[]) {
      const { code, error, said } = await runWith(argv);
      return { code, said: code === 0 ? "" : JSON.stringify(error) + said };
    }

    /** What was started by somebody is one thing, what a boot starts another. */
    async function survivesReboots(fleet: Fleet, deployment: FleetDeployment): Promise<void> {
      for (const { name } of fleet.hosts) {
        await fleet.reboot(name);
        await deployment.settled(120_000);
      }
    }
  },
);
