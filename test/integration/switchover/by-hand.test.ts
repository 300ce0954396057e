import { describe, expect, it } from "vitest";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { goOn, signal, startSwitchover } from "../../support/signalled.ts";
import { settled } from "../../support/switchovers.ts";
import { until } from "../../support/until.ts";

/** What the server answers, also where it is asked in the moment in which it ends every connection. */
function ask(lab: TestLab, id: string, ...command: string[]): Promise<string> {
  return lab.cli(id, ...command).catch((error: Error) => error.message);
}

/** Kills the program between the promotion of r2 and the demotion of r1: the right to demote comes too late for it. */
async function killedInBetween(lab: TestLab): Promise<void> {
  await lab.cli("r1:6379", "ACL", "SETUSER", "default", "-replicaof");
  const child = startSwitchover(lab, "--to", "r2");
  await until(async () => (await ask(lab, "r2:6379", "ROLE")).startsWith("master"));
  await signal(child, "SIGKILL");
  await lab.cli("r1:6379", "ACL", "SETUSER", "default", "+replicaof");
}

/** Until r1 is a replica it must not take a write. */
async function closedUntilReplica(lab: TestLab): Promise<void> {
  await until(async () => {
    expect(await ask(lab, "r1:6379", "SET", "late", "1")).not.toBe("OK");
    return (await ask(lab, "r1:6379", "ROLE")).startsWith("slave");
  });
}

describe("a switchover without Sentinel that is killed between promotion and demotion", () => {
  it("never leaves two primaries that take writes: the host of the old one makes it a replica", async () => {
    await using lab = await bringUpLab({ topology: "replication", engine: "redis-6.0" });
    await killedInBetween(lab);
    expect(await ask(lab, "r2:6379", "SET", "k", "1")).toBe("OK");
    await closedUntilReplica(lab);
    await until(async () => (await ask(lab, "r1:6379", "CONFIG", "GET", "min-replicas-to-write")).endsWith("\n0"));
    expect((await goOn(lab, "resume")).code).toBe(0);
    expect(await settled(lab)).toBe("r2:6379");
  });

  it.each(["resume", "rollback"] as const)("is brought to its end by %s", async (how) => {
    await using lab = await bringUpLab({ topology: "replication", engine: "redis-6.0" });
    await killedInBetween(lab);
    const { code, stderr } = await goOn(lab, how);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    await closedUntilReplica(lab);
    expect(await ask(lab, "r2:6379", "SET", "k", "1")).toBe("OK");
    expect(await ask(lab, "r1:6379", "CONFIG", "GET", "min-replicas-to-write")).toMatch(/\n0$/);
    if (how === "resume") expect(await settled(lab)).toBe("r2:6379");
  });

  it("keeps the fence while nobody can tell whether the target was promoted", async () => {
    await using lab = await bringUpLab({ topology: "replication", engine: "redis-6.0" });
    await killedInBetween(lab);
    await lab.kill("r2:6379", "SIGSTOP");
    const { code, stderr } = await goOn(lab, "rollback");
    expect({ code, said: stderr.includes("FENCE_KEPT") || stderr }).toMatchObject({ said: true });
    expect(await ask(lab, "r1:6379", "SET", "k", "1")).toContain("NOREPLICAS");
    await lab.kill("r2:6379", "SIGCONT");
    await closedUntilReplica(lab);
  });
});
