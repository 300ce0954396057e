import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { labDown } from "../src/lab/down.ts";
import type { LabUpResult } from "../src/lab/results.ts";
import type { LabOptions } from "../src/lab/shape.ts";
import { labUp } from "../src/lab/up.ts";

export type Lab = LabUpResult;

/** What the lab is made of; what is not said is as `redisha lab up` has it. */
export type Shape = Omit<LabOptions, "name" | "root">;

/** Brings up one lab for each shape, and takes them down whatever happens. */
export async function withLabs<T>(shapes: readonly Shape[], work: (labs: Lab[]) => Promise<T>): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), "redisha-bench-"));
  try {
    const labs: Lab[] = [];
    for (const [index, shape] of shapes.entries()) {
      labs.push(await labUp({ ...shape, name: `lab${index}`, root }, () => undefined));
    }
    return await work(labs);
  } finally {
    await labDown({ all: true, root });
    await rm(root, { recursive: true, force: true });
  }
}
