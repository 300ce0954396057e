import { describe, expect, it } from "vitest";
import { parseClients } from "../../../src/actions/acl/clients.ts";
import { isBroken, librariesBrokenBy } from "../../../src/upgrade/client-libraries.ts";

const redis = (version: string) => ({ engine: "redis", version });
const valkey = (version: string) => ({ engine: "valkey", version });

describe("libraries of applications that a release breaks", () => {
  it("are those that do not read what 7.0 made longer, whichever project it is that comes", () => {
    const names = (list: ReturnType<typeof librariesBrokenBy>) => list.map(({ library, breaks }) => [library, breaks]);
    const inCluster = [
      ["go-redis", "all"],
      ["rediscala", "all"],
    ];
    expect(names(librariesBrokenBy(redis("6.0.16"), redis("7.0.15"), "cluster"))).toEqual(inCluster);
    expect(names(librariesBrokenBy(redis("6.2.14"), valkey("8.1.1"), "cluster"))).toEqual(inCluster);
    expect(names(librariesBrokenBy(redis("6.0.16"), redis("7.0.15"), "sentinel"))).toEqual([["go-redis", "some"]]);
  });

  it.each([
    [redis("7.0.15"), redis("8.0.2")],
    [redis("7.0.15"), valkey("8.1.1")],
    [valkey("8.1.1"), valkey("9.1.2")],
    [redis("6.0.16"), redis("6.2.14")],
  ])("are none where applications get on with such a one already, or do not come to it (%o to %o)", (from, to) => {
    expect(librariesBrokenBy(from, to, "cluster")).toEqual([]);
  });

  it("are told by their version, and held to be broken where they do not tell it", () => {
    const [goRedis, rediscala] = librariesBrokenBy(redis("6.0.16"), redis("7.0.15"), "cluster");
    if (!goRedis || !rediscala) throw new Error("two are known");
    const is = (version: string | null) => isBroken({ library: "go-redis", version }, goRedis);
    expect([is("8.11.5"), is(null), is("9.0.0"), is("10.1.0")]).toEqual([true, true, false, false]);
    expect(isBroken({ library: "jedis", version: "1.0.0" }, goRedis)).toBe(false);
    expect(isBroken({ library: "rediscala", version: "99.0" }, rediscala)).toBe(true);
  });
});

describe("the library of a connection, as CLIENT LIST tells it", () => {
  const line = "id=4 addr=10.0.0.9:5 name=shop age=3 flags=N user=default resp=3";
  it.each([
    ["lib-name=go-redis(,go1.22.1) lib-ver=9.7.0", { library: "go-redis", libraryVersion: "9.7.0" }],
    ["lib-name=Lettuce lib-ver=6.3.0.RELEASE", { library: "lettuce", libraryVersion: "6.3.0.RELEASE" }],
    ["lib-name= lib-ver=", { library: "", libraryVersion: "" }],
    ["redir=-1", { library: undefined, libraryVersion: "" }],
  ])("is read from %s", (rest, { library, libraryVersion }) => {
    const [client] = parseClients(`${line} ${rest}\n`);
    expect([client?.library, client?.libraryVersion]).toEqual([library, libraryVersion]);
  });
});
