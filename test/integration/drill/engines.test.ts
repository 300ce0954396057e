import { describe, expect, test } from "vitest";
import { longestGap, probeOf, runOn } from "../../support/drills.ts";
import { bringUpLab } from "../../support/lab.ts";

const STEPS = `
steps:
  - { id: start, action: drill.start, with: { mode: crash }, undo: none }
  - { id: baseline, action: drill.measure, with: { for: 1s } }
  - { id: fault, action: drill.mark, with: { name: fault } }
  - { id: writable, action: drill.await, with: { until: writable, within: 40s } }
  - { id: clients, action: drill.await, with: { until: clients_back, within: 30s } }
  - { id: healed, action: drill.mark, with: { name: healed } }
  - { id: redundant, action: drill.await, with: { until: redundant, within: 60s } }
  - { id: stop, action: drill.stop, with: {} }
  - { id: found, action: drill.read_back, with: { when: rejoined } }
finally:
  - { id: clean, action: drill.clean, with: {}, undo: none }
`;

describe.each(["redis-6.0", "redis-8.0", "valkey-9.1"])("a drill on %s", (engine) => {
  test("sees a crash through to the end, by the engine's own words", async () => {
    // Not so short that a busy machine looks like a second crash.
    await using lab = await bringUpLab({ engine, downAfterMs: 3_000 });
    const { summary, recording, outputs } = await runOn(lab, STEPS, {
      at: { fault: () => lab.kill("r1:6379"), healed: () => lab.restart("r1:6379") },
    });
    expect(summary.error).toBeNull();
    const lost = Object.fromEntries(
      recording?.read_backs.filter(({ when }) => when === "rejoined").map(({ probe, lost }) => [probe, lost.length]) ??
        [],
    );
    expect(lost).toMatchObject({ "re_resolve-1": 0, "subscriber-1": 0, "wait_1-1": 0 });
    expect(lost["sticky-1"]).toBeGreaterThan(0);
    expect(longestGap(probeOf(recording, "subscriber"))).toBeGreaterThan(1_000);
    expect(
      recording?.roles.some(({ sync_partial_ok, sync_full }) => sync_full === null || sync_partial_ok === null),
    ).toBe(recording?.roles.some(({ answers }) => !answers));
    expect(outputs.redundant).toMatchObject({ new_primary: recording?.new_primary });
  });
});
