/** Scripts for clouds as they are rendered, for every topology. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Deployment } from "../../src/inventory/model.ts";
import { CLOUD } from "../../src/render/kinds/cloud/catalog.ts";
import { declared } from "./declared.ts";

export const TOPOLOGIES = ["replication", "sentinel", "cluster"] as const;

/** What redisha.yaml does not say, by kind. */
export const GIVEN: Readonly<Record<string, Record<string, string>>> = {
  elasticache: { subnet_group: "private", security_groups: "sg-1,sg-2" },
  memorystore: { project: "shop-1" },
};

/** Writes the scripts of a topology into `folder/TOPOLOGY`, and others, which save nothing, into `folder/TOPOLOGY-plain`. */
export async function renderScripts(folder: string): Promise<void> {
  for (const topology of TOPOLOGIES) {
    const shape = await declared({ topology, auth: "password", tls: true });
    const config = { maxmemory: "6gb", "maxmemory-policy": "allkeys-lru", appendonly: "yes", hz: "20" };
    await renderAll({ ...shape, config }, join(folder, topology), {});
    const other = { ...shape, config: { maxmemory: "3gb", save: "" } };
    await renderAll(other, join(folder, `${topology}-plain`), { "azure-cache": { second_location: "northeurope" } });
  }
}

async function renderAll(deployment: Deployment, out: string, more: typeof GIVEN): Promise<void> {
  await mkdir(out);
  for (const { name, render } of CLOUD) {
    const { files } = await render(deployment, { ...GIVEN[name], ...more[name] });
    for (const { path, text } of files) await writeFile(join(out, path), text);
  }
}
