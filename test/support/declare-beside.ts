import { readFile, writeFile } from "node:fs/promises";
import { parseDocument } from "yaml";
import type { BackedUpLab } from "./backed-up-lab.ts";

/** Declares a lab beside another: what that one is to be restored from. */
export async function declareBeside(into: BackedUpLab, source: BackedUpLab): Promise<void> {
  const document = parseDocument(await readFile(into.lab.file, "utf8"));
  const { name } = source.lab.status;
  const other = parseDocument(await readFile(source.lab.file, "utf8")).toJS().deployments[name];
  document.setIn(["deployments", name], document.createNode(other));
  await writeFile(into.lab.file, document.toString());
}
