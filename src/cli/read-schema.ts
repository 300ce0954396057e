import { readdir, readFile } from "node:fs/promises";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { nearest } from "../core/nearest.ts";
import { packagePath } from "../core/package-root.ts";

const ENDING = ".schema.json";

/** A schema of `schemas/` by its name. Fails with SCHEMA_NOT_FOUND, naming those that there are. */
export async function readSchema(name: string): Promise<unknown> {
  const files = await readdir(packagePath("schemas"));
  const names = files.filter((file) => file.endsWith(ENDING)).map((file) => file.slice(0, -ENDING.length));
  if (names.includes(name)) return JSON.parse(await readFile(packagePath("schemas", name + ENDING), "utf8"));
  const guess = nearest(name, names);
  throw new RedishaError({
    code: "SCHEMA_NOT_FOUND",
    message: `no schema ${name}; there are ${names.sort().join(", ")}`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: guess ? [`redisha runbook schema ${guess}`] : [],
  });
}
