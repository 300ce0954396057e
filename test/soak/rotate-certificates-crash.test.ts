import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { killedAt } from "../support/killed-at.ts";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { redisha } from "../support/redisha.ts";
import { startLoad } from "../support/rotations.ts";
import { settled } from "../support/switchovers.ts";

/** Every step that changes something, where a new authority comes with the certificates. */
const CHANGES = [
  ...["authority", "trust_both", "both.servers", "both.sentinels", "put", "fresh.servers", "fresh.sentinels"],
  ...["trust_new", "new_only.servers", "new_only.sentinels", "settle"],
];

const ROTATE = ["rotate", "--only", "certificates", "--new-authority", "--now", "--yes", "-o", "jsonl"];

const MOMENTS = CHANGES.flatMap((step) =>
  (["op_started", "op_finished"] as const).flatMap((type) =>
    (["resume", "rollback"] as const).map((verb) => ({ step, type, verb })),
  ),
);

describe("a rotation of certificates and their authority that is killed", () => {
  let lab: TestLab;
  beforeAll(async () => {
    lab = await bringUpLab({ topology: "sentinel", tls: true, auth: "acl", downAfterMs: 5_000 });
    // What a busy machine takes for a login over SSH is no matter of this test.
    await appendFile(lab.file, "    timeouts: { connect: 1m, command: 1m }\n");
  });
  afterAll(() => lab?.down());

  const env = () => ({ REDISHA_STATE_DIR: join(lab.root, "state") });

  it.each(MOMENTS)("cuts no client at $type of $step, and comes to its end by $verb", async ({ step, type, verb }) => {
    const password = (await readFile(join(lab.status.folder, "secrets", "operator.password"), "utf8")).trim();
    const load = startLoad(lab, password);
    await killedAt([...ROTATE, "--file", lab.file], { step, type }, env());
    const { code, stdout, stderr } = await redisha(["runs", verb, "last", "--yes", "--file", lab.file], { env: env() });
    expect(code, `${stdout} ${stderr}`).toBe(0);
    await load.stop();
    expect(load.failed).toEqual([]);
    await settled(lab);
    const trusted = await readFile(join(lab.status.folder, "tls", "ca.crt"), "utf8");
    expect(trusted.match(/BEGIN CERTIFICATE/g)).toHaveLength(1);
  });
});
