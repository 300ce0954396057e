import { readFile, writeFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { parseDocument, stringify } from "yaml";
import { backedUpLab } from "../../support/backed-up-lab.ts";

// Trap 37.
it("a backup goes into another deployment where that was said, and never into one of the same name that is another", async () => {
  await using place = await backedUpLab();
  const { lab, run } = place;
  const { name } = lab.status;
  await lab.cli("r1:6379", "SET", "was", "saved");
  expect((await run("backup")).error).toBeNull();
  await lab.cli("r1:6379", "DEL", "was");
  const text = await readFile(lab.file, "utf8");

  const foreign = parseDocument(text);
  foreign.setIn(["deployments", name, "topology"], "replication");
  for (const key of ["master_name", "sentinel"]) foreign.deleteIn(["deployments", name, key]);
  await writeFile(lab.file, foreign.toString());
  expect((await run("restore")).error?.code).toBe("RESTORE_FOREIGN");

  const { deployments, ...rest } = parseDocument(text).toJS();
  await writeFile(lab.file, stringify({ ...rest, deployments: { other: deployments[name], ...deployments } }));
  expect((await run("restore")).error?.code).toBe("BACKUP_UNKNOWN");
  expect(await run("restore", { from: name })).toMatchObject({ status: "done", error: null });
  expect(await lab.cli("r1:6379", "GET", "was")).toBe("saved");
});
