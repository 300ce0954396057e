import { readFile, writeFile } from "node:fs/promises";

/** Hosts of a machine that is busy for hours take longer to log in to than an operator would wait. */
export async function bePatient(file: string): Promise<void> {
  const declared = await readFile(file, "utf8");
  await writeFile(file, declared.replace("ssh: { ", "ssh: { connect_timeout: 60s, "));
}
