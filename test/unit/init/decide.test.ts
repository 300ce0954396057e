import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { RedishaError } from "../../../src/core/errors.ts";
import { type Declared, decide } from "../../../src/init/decide.ts";
import type { InstanceFacts } from "../../../src/init/facts.ts";

const data = ["r1:6379", "r2:6379", "r3:6379"];
const sentinels = ["r1:26379", "r2:26379", "r3:26379"];
const address = (id: string) => `10.0.0.${id.slice(1)}`;

const declared: Declared = {
  deployment: "shop",
  kind: "sentinel",
  group: "mymaster",
  instances: [
    ...data.map((id) => ({ id, kind: "data" as const, address: address(id), initialPrimary: id === "r1:6379" })),
    ...sentinels.map((id) => ({ id, kind: "sentinel" as const, address: address(id), initialPrimary: false })),
  ],
};

function facts(id: string, more: Partial<InstanceFacts> = {}): InstanceFacts {
  const kind = id.endsWith(":26379") ? "sentinel" : "data";
  return {
    ...{ id, kind, state: "absent", said: null, role: "unknown", follows: null, attached: [], keys: null },
    ...{ has_data: false, names: null, watches: [], cluster: null, of: null },
    ...{ in_cluster_mode: null, boots: true, drop_ins: [] },
    ...more,
  };
}
const live = (primary: string) => (id: string) =>
  facts(
    id,
    id === primary
      ? { state: "running", role: "primary", has_data: true }
      : { state: "running", role: "replica", follows: address(primary), has_data: true },
  );
const naming = (primary: string) => (id: string) =>
  facts(id, { state: "running", names: address(primary), watches: ["mymaster"] });

function refused(all: readonly InstanceFacts[]): string {
  try {
    return `set up around ${decide(declared, all).primary}`;
  } catch (error) {
    if (error instanceof RedishaError) return error.code;
    throw error;
  }
}

describe("whom a deployment is set up around", () => {
  test("on bare hosts it is the one that redisha.yaml names", () => {
    expect(
      decide(
        declared,
        [...data, ...sentinels].map((id) => facts(id)),
      ).primary,
    ).toBe("r1:6379");
  });

  test("a live primary is kept, whatever redisha.yaml names", () => {
    fc.assert(
      fc.property(fc.constantFrom(...data), fc.subarray(sentinels), (primary, watching) => {
        const all = [
          ...data.map(live(primary)),
          ...sentinels.map((id) => (watching.includes(id) ? naming(primary)(id) : facts(id))),
        ];
        expect(decide(declared, all).primary).toBe(primary);
      }),
    );
  });

  test("two primaries, a locked door, strangers and a busy port refuse", () => {
    const two = data.map((id) => facts(id, { state: "running", role: "primary" }));
    expect(refused(two)).toBe("INIT_TWO_PRIMARIES");
    const [first = facts(""), ...rest] = data.map(live("r1:6379"));
    expect(refused([{ ...first, state: "locked_out" }, ...rest])).toBe("INIT_LOCKED_OUT");
    expect(refused([{ ...first, state: "elsewhere" }, ...rest])).toBe("INIT_PORT_TAKEN");
    expect(refused([{ ...first, attached: ["10.9.9.9:6379"] }, ...rest])).toBe("INIT_FOREIGN");
    expect(refused([{ ...first, of: "other" }, ...rest])).toBe("INIT_FOREIGN");
  });

  test("Sentinels that all name a replica refuse; one that names the primary is enough to go on", () => {
    const around = data.map(live("r2:6379"));
    const stale = sentinels.map((id) => facts(id, { state: "stopped", names: address("r1:6379") }));
    expect(refused([...around, ...stale])).toBe("INIT_SENTINELS_STALE");
    const [, ...most] = stale;
    expect(refused([...around, naming("r2:6379")("r1:26379"), ...most])).toBe("set up around r2:6379");
  });

  test("data that nothing says comes from the primary is never put at risk", () => {
    fc.assert(
      fc.property(fc.constantFrom(...data), fc.boolean(), (holder, alone) => {
        const primary = data.find((id) => id !== holder) ?? "";
        const all = data.map((id) =>
          id === holder ? facts(id, { has_data: true, state: "stopped" }) : alone ? facts(id) : live(primary)(id),
        );
        // Alone it leads, since it holds all there is; beside a live primary it would be emptied.
        expect(refused(all)).toBe(alone ? `set up around ${holder}` : "INIT_WOULD_WIPE");
      }),
    );
  });

  test("after a total outage files decide, and where they do not agree nothing is touched", () => {
    const stopped = (primary: string) => (id: string) =>
      facts(id, { state: "stopped", has_data: true, follows: id === primary ? null : address(primary), of: "shop" });
    expect(refused(data.map(stopped("r3:6379")))).toBe("set up around r3:6379");
    expect(refused(data.map((id) => facts(id, { state: "stopped", has_data: true })))).toBe("INIT_PRIMARY_UNCLEAR");
  });
});
