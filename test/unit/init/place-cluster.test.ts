import fc from "fast-check";
import { expect, test } from "vitest";
import { placeCluster } from "../../../src/init/place-cluster.ts";

const nodes = fc
  .tuple(fc.integer({ min: 3, max: 8 }), fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 }))
  .map(([hosts, perHost, zones]) =>
    Array.from({ length: hosts * perHost }, (_, at) => ({
      id: `n${at}`,
      host: `r${at % hosts}`,
      zone: `z${(at % hosts) % zones}`,
    })),
  );

test("gives every slot once, every node a place, and every primary as many replicas as the others, give or take one", () => {
  fc.assert(
    fc.property(nodes, fc.integer({ min: 0, max: 2 }), (all, perPrimary) => {
      const plan = placeCluster(all, perPrimary);
      if (!plan) {
        expect(all.length).toBeLessThan(3 * (perPrimary + 1));
        return;
      }
      const slots = plan.primaries.flatMap(({ slots: [first, last] }) =>
        Array.from({ length: last - first + 1 }, (_, at) => first + at),
      );
      expect(slots).toEqual(Array.from({ length: 16_384 }, (_, at) => at));
      const placed = [...plan.primaries, ...plan.replicas].map(({ id }) => id).sort();
      expect(placed).toEqual(all.map(({ id }) => id).sort());
      const counts = plan.primaries.map(({ id }) => plan.replicas.filter(({ of }) => of === id).length);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }),
  );
});

test("keeps every replica off its primary's host where each host has one node", () => {
  fc.assert(
    fc.property(fc.integer({ min: 6, max: 12 }), fc.integer({ min: 1, max: 3 }), (hosts, zones) => {
      const all = Array.from({ length: hosts }, (_, at) => ({ id: `n${at}`, host: `r${at}`, zone: `z${at % zones}` }));
      const plan = placeCluster(all, 1);
      const hostOf = (id: string) => all.find((node) => node.id === id)?.host;
      for (const { id, of } of plan?.replicas ?? []) expect(hostOf(id)).not.toBe(hostOf(of));
    }),
  );
});

test("puts primaries of six nodes in three zones into each of them, and their replicas into another", () => {
  const all = Array.from({ length: 6 }, (_, at) => ({ id: `n${at}`, host: `r${at}`, zone: `z${Math.floor(at / 2)}` }));
  const plan = placeCluster(all, 1);
  const zoneOf = (id: string) => all.find((node) => node.id === id)?.zone;
  expect(new Set(plan?.primaries.map(({ id }) => zoneOf(id))).size).toBe(3);
  for (const { id, of } of plan?.replicas ?? []) expect(zoneOf(id)).not.toBe(zoneOf(of));
});
