import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { CASES, manifestsOf } from "../../support/manifests.ts";

/** Where the types of Kubernetes' own objects stand; the objects of operators have their schemas elsewhere. */
const MODULES: Readonly<Record<string, string>> = {
  ConfigMap: "core/v1",
  Service: "core/v1",
  StatefulSet: "apps/v1",
  PodDisruptionBudget: "policy/v1",
  StorageClass: "storage/v1",
};

let folder: string;
beforeAll(async () => {
  // The compiler looks for types from where a file stands upwards.
  folder = await mkdtemp(packagePath("node_modules", ".manifests-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the compiler says of an object: a field that its type does not have, lacks or has otherwise is an error. */
async function complaints(objects: readonly (readonly [kind: string, value: unknown])[]): Promise<string> {
  const lines = objects.map(
    ([kind, value], at) =>
      `import type { ${kind} as Kind${at} } from "kubernetes-types/${MODULES[kind]}";\nexport const object${at}: Kind${at} = ${JSON.stringify(value)};`,
  );
  const file = join(folder, "manifests.ts");
  await writeFile(file, lines.join("\n"));
  const tsc = packagePath("node_modules", ".bin", "tsc");
  const flags = [
    "--noEmit",
    "--strict",
    "--ignoreConfig",
    "--types",
    "",
    "--skipLibCheck",
    "--module",
    "esnext",
    "--moduleResolution",
    "bundler",
  ];
  return promisify(execFile)(tsc, [...flags, file]).then(
    () => "",
    (error: { stdout: string }) => error.stdout,
  );
}

it("objects of Kubernetes itself have the fields and types that it knows, and no others", async () => {
  const found = await Promise.all(CASES.map(([name, topology]) => manifestsOf(name, topology)));
  const own = found
    .flat()
    .flatMap((manifest) => (manifest.kind in MODULES ? [[manifest.kind, manifest] as const] : []));
  expect(new Set(own.map(([kind]) => kind))).toEqual(new Set(Object.keys(MODULES)));
  expect(await complaints(own)).toBe("");

  const wrong = own.map(([kind, { metadata, ...manifest }]) => [kind, { ...manifest, metdata: metadata }] as const);
  expect((await complaints(wrong)).match(/does not exist in type/g)).toHaveLength(own.length);
});
