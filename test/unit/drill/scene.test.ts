import { describe, expect, test } from "vitest";
import type { RoleSample } from "../../../src/drill/recording.ts";
import { Scene } from "../../../src/drill/scene.ts";

const SETTINGS = {
  members: ["r1", "r2", "r3"],
  old_primary: "r1",
  probes: [
    { name: "re_resolve-1", kind: "re_resolve" },
    { name: "sticky-1", kind: "sticky" },
    { name: "reader-1", kind: "reader" },
  ] as const,
};

const base = { answers: true, link_up: null, follows: null, sync_full: 0, sync_partial_ok: 0 };
const primary = (at: number, instance: string): RoleSample => ({
  ...base,
  at,
  instance,
  role: "primary",
  writable: true,
});
const replica = (at: number, instance: string, follows: string, link_up = true): RoleSample => ({
  ...{ ...base, at, instance, role: "replica", writable: false },
  ...{ follows, link_up },
});
const silent = (at: number, instance: string): RoleSample => ({
  ...base,
  at,
  instance,
  answers: false,
  role: null,
  writable: false,
});

/** A healthy group, with the fault at 1000. */
function atFault(): Scene {
  const scene = new Scene(SETTINGS);
  scene.role(primary(1, "r1"));
  scene.role(replica(2, "r2", "r1"));
  scene.role(replica(3, "r3", "r1"));
  scene.mark({ at: 1_000, name: "fault", detail: "" });
  return scene;
}

const acked = (sent: number, node: string) => ({ seq: sent, sent, ended: sent + 1, node, outcome: "acked" }) as const;

describe("the scene of a drill", () => {
  test("is not whole again right after the fault, though everything still looks so", () => {
    const scene = atFault();
    scene.role({ ...replica(1_001, "r2", "r1"), sync_partial_ok: 1 });
    expect(scene.missing("redundant")).toBe("the fault has had no effect yet that an instance shows");
    scene.role(silent(1_250, "r1"));
    expect(scene.missing("redundant")).toBe("there is no primary");
    scene.role(primary(1_400, "r1"));
    expect(scene.missing("redundant")).toBeNull();
    expect(scene.reached("redundant")).toMatchObject({ at: 1_400, after_fault_ms: 400, new_primary: null });
  });

  test("takes the one for the new primary that came to it last, whatever the one before goes on to say of itself", () => {
    const scene = atFault();
    scene.role(silent(1_010, "r2"));
    scene.role(primary(1_400, "r2"));
    scene.role(primary(3_400, "r3"));
    scene.role(primary(8_000, "r2"));
    expect(scene.newPrimary).toBe("r3");
    scene.role(replica(14_000, "r2", "r3"));
    scene.role(primary(15_000, "r2"));
    expect(scene.newPrimary).toBe("r2");
  });

  test("dates the first write by itself where the promotion is seen after it", () => {
    const scene = atFault();
    scene.attempt("sticky-1", acked(999, "r2"));
    scene.attempt("re_resolve-1", acked(1_200, "r2"));
    expect(scene.reached("writable")).toBeUndefined();
    scene.role(primary(1_210, "r2"));
    expect(scene.reached("promoted")).toMatchObject({ at: 1_210, new_primary: "r2" });
    expect(scene.reached("writable")?.at).toBe(1_201);
  });

  test("says which clients are not back, and why; those that stay with the old address are not waited for", () => {
    const scene = atFault();
    scene.role(primary(1_210, "r2"));
    scene.attempt("reader-1", acked(1_300, "r3"));
    scene.attempt("re_resolve-1", {
      seq: 1,
      sent: 1_300,
      ended: 1_301,
      node: null,
      outcome: "refused",
      error: "ECONNREFUSED",
    });
    expect(scene.missing("clients_back")).toBe("not back: re_resolve-1 (ECONNREFUSED)");
    scene.attempt("re_resolve-1", acked(1_400, "r1"));
    expect(scene.missing("clients_back")).toBe("not back: re_resolve-1 (r1)");
    scene.attempt("re_resolve-1", acked(1_500, "r2"));
    expect(scene.reached("clients_back")?.at).toBe(1_501);
  });

  test("takes wholeness back that does not last, and dates it anew", () => {
    const scene = atFault();
    scene.role(primary(1_210, "r2"));
    scene.role(replica(1_300, "r3", "r2"));
    expect(scene.missing("redundant")).toBe("there are 2 primaries: r2, r1");
    scene.role(replica(2_000, "r1", "r2"));
    expect(scene.reached("redundant")?.at).toBe(2_000);
    scene.role(replica(2_100, "r3", "r2", false));
    expect(scene.reached("redundant")).toBeUndefined();
    expect(scene.missing("redundant")).toBe("the link of r3 to r2 is down");
    scene.role(replica(2_300, "r3", "r2"));
    expect(scene.reached("redundant")?.at).toBe(2_300);
    expect(scene.reached("old_primary_back")?.at).toBe(2_000);
  });

  test("counts a planned change from its beginning, and from the first of several faults", () => {
    const scene = new Scene(SETTINGS);
    expect(scene.mark({ at: 5, name: "announced", detail: "" })).toBe(false);
    expect(scene.mark({ at: 10, name: "writes_paused", detail: "r1" })).toBe(true);
    expect(scene.mark({ at: 12, name: "failover_ordered", detail: "" })).toBe(false);
    expect(scene.mark({ at: 20, name: "fault", detail: "" })).toBe(false);
    expect(scene.fault).toBe(10);
  });
});

test("counts a client whose writes no replica is left to confirm as back", () => {
  const scene = new Scene({ ...SETTINGS, probes: [{ name: "wait_1-1", kind: "wait_1" }] });
  scene.role(primary(1, "r1"));
  scene.mark({ at: 10, name: "fault", detail: "" });
  scene.role(primary(20, "r2"));
  scene.attempt("wait_1-1", { seq: 1, sent: 30, ended: 40, node: "r2", outcome: "unknown", error: "TIMEOUT" });
  expect(scene.reached("clients_back")).toBeUndefined();
  scene.attempt("wait_1-1", { seq: 2, sent: 50, ended: 60, node: "r2", outcome: "unknown", error: "NOT_CONFIRMED" });
  expect(scene.reached("clients_back")?.at).toBe(60);
});
