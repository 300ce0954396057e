import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv, type ValidateFunction } from "ajv";
import { beforeAll, describe, expect, it } from "vitest";
import { parseAllDocuments } from "yaml";
import { z } from "zod";
import { CASES, manifestsOf } from "../../support/manifests.ts";
import { notTried } from "../../support/not-tried.ts";

/**
 * Operators bring the schemas of their objects with them, and neither npm nor Debian does: REDISHA_CRDS is a folder with their
 * custom resource definitions. Without it there is nothing to check against.
 */
const { REDISHA_CRDS: folder = "" } = process.env;
if (folder === "") {
  const kinds = [...new Set(CASES.map(([name]) => name))].join(", ");
  notTried(
    `objects of operators that ${kinds} render`,
    "neither npm nor Debian brings the operators' schemas; REDISHA_CRDS is to be a folder with their custom resource definitions",
  );
}

const objectSchema = z.record(z.string(), z.unknown());
const definitionSchema = z.object({
  kind: z.literal("CustomResourceDefinition"),
  spec: z.object({
    group: z.string(),
    names: z.object({ kind: z.string() }),
    versions: z.array(z.object({ name: z.string(), schema: z.object({ openAPIV3Schema: objectSchema }) })),
  }),
});

/** By group and version of the API, and the kind. */
const validators = new Map<string, ValidateFunction>();

beforeAll(async () => {
  if (folder === "") return;
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  for (const file of await readdir(folder)) {
    for (const document of parseAllDocuments(await readFile(join(folder, file), "utf8"))) {
      const { data } = definitionSchema.safeParse(document.toJS());
      for (const { name, schema } of data?.spec.versions ?? []) {
        const id = `${data?.spec.group}/${name}/${data?.spec.names.kind}`;
        validators.set(id, ajv.compile(closed(schema.openAPIV3Schema)));
      }
    }
  }
});

/** An API server drops what a schema does not name, without a word; here it counts as wrong. */
function closed(schema: Record<string, unknown>): Record<string, unknown> {
  const inner = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closedAny(value)]));
  const open = schema["x-kubernetes-preserve-unknown-fields"] === true || schema.additionalProperties !== undefined;
  const { properties } = schema;
  if (typeof properties !== "object" || properties === null || open) return inner;
  return { ...inner, additionalProperties: false };
}

function closedAny(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closedAny);
  const parsed = objectSchema.safeParse(value);
  return parsed.success ? closed(parsed.data) : value;
}

/** Of Kubernetes itself, which is checked with every change. */
const OWN = /^(v1|(apps|policy|storage\.k8s\.io)\/)/;

describe.skipIf(folder === "")("objects of operators, where REDISHA_CRDS has their definitions", () => {
  it.each(CASES)(
    "%s for a %s deployment are as those say, with no field that they do not know",
    async (name, topology) => {
      const found = await manifestsOf(name, topology);
      const theirs = found.filter(({ apiVersion }) => !OWN.test(apiVersion));
      expect(theirs.length).toBeGreaterThan(0);
      for (const manifest of theirs) {
        const validate = validators.get(`${manifest.apiVersion}/${manifest.kind}`);
        expect(validate, manifest.kind).toBeDefined();
        expect(validate?.(manifest) ? [] : validate?.errors, manifest.kind).toEqual([]);
      }
    },
  );
});
