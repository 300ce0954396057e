import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ackedBy, probeOf, runOn } from "../../support/drills.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";

const SHORT = `
steps:
  - id: start
    action: drill.start
    with: { rate: 100 }
    undo: { action: drill.clean, with: {} }
  - { id: baseline, action: drill.measure, with: { for: 1s } }
  - { id: stop, action: drill.stop, with: {} }
  - { id: found, action: drill.read_back, with: { when: promoted } }
finally:
  - { id: clean, action: drill.clean, with: {}, undo: none }
`;

let lab: TestLab;
beforeAll(async () => {
  lab = await bringUpLab({ tls: true, auth: "acl", engine: "redis-7.0" });
});
afterAll(() => lab?.down());

describe("a drill with TLS, ACL users and SSH", () => {
  test("connects every probe and watcher by the deployment's own settings", async () => {
    const { summary, recording, outputs } = await runOn(lab, SHORT);
    expect(summary.error).toBeNull();
    for (const probe of recording?.probes ?? []) {
      expect(probe.via).toBe("ssh");
      expect(ackedBy(probe).length).toBeGreaterThan(0);
      // On a busy machine an answer may come too late, but nobody is turned away.
      const errors = probe.attempts.flatMap(({ error }) => error ?? []);
      expect(["TIMEOUT", "NOT_CONFIRMED"]).toEqual(expect.arrayContaining([...new Set(errors)]));
    }
    expect(outputs.found).toMatchObject({ lost: 0, unknown_found: 0, refused_found: 0 });
    expect(new Set(recording?.roles.map(({ instance }) => instance)).size).toBe(3);
    const reader = probeOf(recording, "reader");
    expect(Math.max(...reader.attempts.map(({ seq }) => seq))).toBeGreaterThan(0);
    expect(recording?.staleness.length).toBe(ackedBy(reader).length);
  });

  test("is refused before anything starts where a command or the keys are not permitted, with the rule to add", async () => {
    await lab.cli("r1:6379", "ACL", "SETUSER", "redisha", "resetkeys", "~app:*");
    try {
      const { summary, events } = await runOn(lab, SHORT);
      expect(summary.error?.code).toBe("DRILL_NOT_PERMITTED");
      expect(summary.error?.message).toBe(
        "The user redisha may not send RPUSH to r1:6379 for keys that begin with redisha:drill:, and the probes of a drill have to.",
      );
      expect(summary.error?.next.join("\n")).toContain("ACL SETUSER redisha ~redisha:drill:* +rpush");
      expect(events.filter(({ type }) => type === "drill_sample")).toEqual([]);
    } finally {
      await lab.cli("r1:6379", "ACL", "SETUSER", "redisha", "allkeys");
    }
    await lab.cli("r1:6379", "ACL", "SETUSER", "redisha", "-wait");
    try {
      const { summary } = await runOn(lab, SHORT);
      expect(summary.error?.message).toContain("may not send WAIT");
      const without = SHORT.replace("rate: 100", "rate: 100, probes: { sticky: 1 }");
      expect((await runOn(lab, without)).summary.error).toBeNull();
    } finally {
      await lab.cli("r1:6379", "ACL", "SETUSER", "redisha", "+wait");
    }
    expect(await lab.cli("r1:6379", "KEYS", "*")).toBe("");
  });

  test("is refused where a replica would not take the writes once it is promoted", async () => {
    await lab.cli("r2:6379", "ACL", "SETUSER", "redisha", "-rpush");
    try {
      const { summary } = await runOn(lab, SHORT);
      expect(summary.error?.code).toBe("DRILL_NOT_PERMITTED");
      expect(summary.error?.message).toContain("may not send RPUSH to r2:6379");
    } finally {
      await lab.cli("r2:6379", "ACL", "SETUSER", "redisha", "+rpush");
    }
  });

  test("is refused where a Sentinel does not let itself be listened to", async () => {
    await lab.cli("r3:26379", "ACL", "SETUSER", "redisha", "-psubscribe");
    try {
      const { summary } = await runOn(lab, SHORT);
      expect(summary.error?.code).toBe("DRILL_NOT_PERMITTED");
      expect(summary.error?.host).toBe("r3:26379");
      expect(summary.error?.message).toContain("PSUBSCRIBE");
    } finally {
      await lab.cli("r3:26379", "ACL", "SETUSER", "redisha", "+psubscribe");
    }
    expect(await lab.cli("r1:6379", "KEYS", "*")).toBe("");
  });

  test("is refused where the primary takes no writes, in the server's own words", async () => {
    await lab.cli("r1:6379", "CONFIG", "SET", "min-replicas-to-write", "9");
    try {
      const { summary } = await runOn(lab, SHORT);
      expect(summary.error?.code).toBe("DRILL_NOT_WRITABLE");
      expect(summary.error?.message).toContain("RPUSH");
    } finally {
      await lab.cli("r1:6379", "CONFIG", "SET", "min-replicas-to-write", "0");
    }
  });
});
