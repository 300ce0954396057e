import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dropNext, ensureAuthority } from "../../../src/certificates/authority-folder.ts";
import { clientsDue, makeClients } from "../../../src/certificates/client-certificates.ts";
import type { ServerTls } from "../../../src/inventory/model.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "redisha-clients-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("gives clients the certificates back that they had, where a new authority is taken back", async () => {
  const place = { folder, deployment: "shop", days: 30, recipients: [], identities: [] };
  const source = { ...place, kind: "authority" } as const;
  const serverTls: ServerTls = {
    ...{ source, plainToo: false, portOffset: 0, client: {}, days: 3, renewBeforeMs: 0, clients: "yes", protocols: [] },
    clientNames: ["shop"],
  };
  const deployment = { name: "shop", serverTls };
  const pair = () =>
    Promise.all(["crt", "key"].map((kind) => readFile(join(folder, "clients", `shop.${kind}`), "utf8")));
  await ensureAuthority(place, "current");
  expect(await makeClients(deployment, "newest")).toEqual(["shop"]);
  const first = await pair();
  await ensureAuthority(place, "next");
  expect(await makeClients(deployment, "newest")).toEqual(["shop"]);
  const second = await pair();
  expect(second[0]).not.toBe(first[0]);
  expect(second[1]).not.toBe(first[1]);
  await makeClients(deployment, "current");
  expect(await pair()).toEqual(first);
  await dropNext(place);
  expect(await clientsDue(deployment)).toEqual([]);
});
