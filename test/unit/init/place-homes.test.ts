import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { placeHomes, type ShardPlaces } from "../../../src/init/place-homes.ts";

const at = (id: string, host: string, zone = "a") => ({ id, host, zone });
const shard = (id: string, host: string, ...replicas: ReturnType<typeof at>[]): ShardPlaces => ({
  primary: at(id, host),
  replicas,
});

describe("placeHomes", () => {
  it("gives a newcomer to the primary without a replica, and else to one on another host", () => {
    const shards = [shard("p1", "h1", at("a", "h2")), shard("p2", "h2"), shard("p3", "h3", at("b", "h1"))];
    expect(placeHomes(shards, { newcomers: [at("new", "h4")], leaving: [] }).homes).toEqual({ new: "p2" });
    const even = [shard("p1", "h1", at("a", "h2")), shard("p2", "h2", at("b", "h1"))];
    expect(placeHomes(even, { newcomers: [at("new", "h1")], leaving: [] }).homes).toEqual({ new: "p2" });
  });

  it("puts a replica that another primary can spare in the place of the last one that goes, from another zone first", () => {
    const shards = [shard("p1", "h1", at("a", "h2")), shard("p2", "h2", at("b", "h3", "a"), at("c", "h4", "b"))];
    expect(placeHomes(shards, { newcomers: [], leaving: ["a"] })).toEqual({ homes: { c: "p1" }, bare: [] });
  });

  it("names the primary that is left without one where nobody can spare any", () => {
    const shards = [shard("p1", "h1", at("a", "h2")), shard("p2", "h2", at("b", "h1"))];
    expect(placeHomes(shards, { newcomers: [], leaving: ["a"] })).toEqual({ homes: {}, bare: ["p1"] });
  });

  it("gives every replica of a primary that goes another one, takes nobody's last one away, and moves no node that goes", () => {
    const shards = fc
      .array(fc.tuple(fc.nat(5), fc.array(fc.nat(5), { maxLength: 3 })), { minLength: 2, maxLength: 6 })
      .map((drawn) =>
        drawn.map(([host, replicas], index) =>
          shard(`p${index}`, `h${host}`, ...replicas.map((each, no) => at(`p${index}r${no}`, `h${each}`))),
        ),
      );
    fc.assert(
      fc.property(shards, fc.nat(), (given, seed) => {
        const all = given.flatMap(({ primary, replicas }) => [primary, ...replicas]);
        const gone = all[seed % all.length]?.id ?? "";
        const { homes, bare } = placeHomes(given, { newcomers: [], leaving: [gone] });
        const left = given.filter(({ primary }) => primary.id !== gone);
        const after = left.map(({ primary, replicas }) => [
          primary.id,
          all.filter(({ id }) =>
            homes[id] === undefined ? replicas.some((each) => each.id === id) && id !== gone : homes[id] === primary.id,
          ).length,
        ]);
        expect(homes[gone]).toBeUndefined();
        for (const { primary, replicas } of given.filter(({ primary }) => primary.id === gone)) {
          expect(replicas.every(({ id }) => homes[id] !== undefined && homes[id] !== primary.id)).toBe(true);
        }
        const hadOne = left.filter(({ replicas }) => replicas.length > 0).map(({ primary }) => primary.id);
        const lost = after.filter(([id, count]) => count === 0 && hadOne.includes(String(id))).map(([id]) => id);
        expect(lost).toEqual(bare);
      }),
    );
  });
});
