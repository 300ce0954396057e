import { globSync, readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { packagePath } from "../../../src/core/package-root.ts";

const schema: unknown = JSON.parse(readFileSync(packagePath("schemas/redisha.schema.json"), "utf8"));
const validate = new Ajv({ strict: true, strictTypes: false }).compile(Object(schema));

describe("the checked-in JSON Schema of redisha.yaml", () => {
  it.each(globSync("examples/*.yaml", { cwd: packagePath() }))("accepts %s", (path) => {
    expect(validate(parse(readFileSync(packagePath(path), "utf8"))), JSON.stringify(validate.errors)).toBe(true);
  });

  it("refuses a key that it does not know", () => {
    expect(
      validate({ version: 1, deployments: { shop: { topology: "cluster", hosts: {}, redis: { on: ["a"] }, x: 1 } } }),
    ).toBe(false);
    expect(validate.errors).toMatchObject([{ keyword: "additionalProperties", instancePath: "/deployments/shop" }]);
  });

  it("describes every key", () => {
    const silent: string[] = [];
    look(schema, "", silent);
    expect(silent).toEqual([]);
  });
});

/** Collects the paths of properties without a description. */
function look(node: unknown, path: string, silent: string[]): void {
  if (typeof node !== "object" || node === null) return;
  for (const [key, child] of Object.entries(node)) {
    if (key === "properties") {
      for (const [name, property] of Object.entries(child as Record<string, { description?: string }>)) {
        if (!property.description?.endsWith(".")) silent.push(`${path}.${name}`);
      }
    }
    look(child, key === "properties" ? path : `${path}.${key}`, silent);
  }
}
