import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { type Ended, redisha } from "../../support/redisha.ts";
import { connect, giveNewPasswords, startLoad } from "../../support/rotations.ts";

function rotate(lab: TestLab, ...flags: string[]): Promise<Ended> {
  const env = { REDISHA_STATE_DIR: join(lab.root, "state") };
  return redisha(["rotate", "--yes", "--json", "--file", lab.file, ...flags], { env });
}

/** Code of the error of a run that failed, or that was refused before it began. */
function codeOf({ stdout }: Ended): string | undefined {
  const { error, result } = JSON.parse(stdout);
  return error?.code ?? result?.error?.code;
}

async function edit(lab: TestLab, from: string | RegExp, to: string): Promise<void> {
  const text = await readFile(lab.file, "utf8");
  expect(text).toMatch(from);
  await writeFile(lab.file, text.replace(from, to));
}

function addressOf(lab: TestLab, id: string): { address: string; port: number } {
  const node = lab.status.processes.find((each) => each.id === id);
  if (!node) throw new Error(`no ${id}`);
  return node;
}

describe("a rotation is refused, with nothing changed,", () => {
  it("where no login has a previous password", async () => {
    await using lab = await bringUpLab({ topology: "replication", auth: "password" });
    const ended = await rotate(lab);
    expect({ code: ended.code, error: codeOf(ended) }).toEqual({ code: 2, error: "ROTATE_NOTHING" });
  });

  it("where the same one is given twice, or servers take neither", async () => {
    await using lab = await bringUpLab({ topology: "replication", auth: "password" });
    const { old } = await giveNewPasswords(lab);
    const folder = join(lab.status.folder, "secrets");
    await copyFile(join(folder, "operator.old"), join(folder, "operator.password"));
    expect(codeOf(await rotate(lab))).toBe("ROTATE_PASSWORD_UNFIT");
    // The operator gets in with a third one, as an application whose passwords are both wrong.
    await writeFile(join(folder, "x.new"), "not-the-one-1");
    await writeFile(join(folder, "x.old"), "not-the-one-2");
    await edit(lab, ", previous_password: { file: secrets/operator.old }", "");
    for (const { address, port, service } of lab.status.processes) {
      if (service !== "redis") continue;
      const client = await connect(lab, address, port, old);
      await client.call("ACL", "SETUSER", "shop", "on", ">something-else", "~*", "+@all");
      client.disconnect();
    }
    await edit(
      lab,
      /^( +)ssh:/m,
      "$1users: { applications: { shop: { keys: ['*'], password: { file: secrets/x.new }, previous_password: { file: secrets/x.old } } } }\n$1ssh:",
    );
    const ended = await rotate(lab);
    expect({ code: ended.code, error: codeOf(ended) }).toEqual({ code: 4, error: "ROTATE_PASSWORD_UNKNOWN" });
  });

  it("where Sentinels log in as somebody whom redisha.yaml does not name for it", async () => {
    await using lab = await bringUpLab({ topology: "sentinel", auth: "acl" });
    await giveNewPasswords(lab);
    // Declared as an application, the user would get a new password, and Sentinels would not hear of it.
    await edit(
      lab,
      /users:[\s\S]*?(?=\n {4}\S)/,
      "users: { applications: { sentinel: { keys: ['*'], password: { file: secrets/sentinel.password }, previous_password: { file: secrets/sentinel.old } } } }",
    );
    const ended = await rotate(lab, "--now");
    expect({ code: ended.code, error: codeOf(ended) }).toEqual({ code: 4, error: "ROTATE_SENTINEL_LOGIN" });
  });

  it("where a Sentinel is too old to have two passwords; its servers are changed without it", async () => {
    await using lab = await bringUpLab({ topology: "sentinel", auth: "password", engine: "redis-6.0" });
    const passwords = await giveNewPasswords(lab);
    const refused = await rotate(lab, "--now");
    expect({ code: refused.code, error: codeOf(refused) }).toEqual({ code: 4, error: "ROTATE_SENTINEL_TOO_OLD" });
    await edit(lab, "sentinel: same", "sentinel: { password: { file: secrets/operator.old } }");
    const fresh = await rotate(lab, "--now");
    expect({ code: fresh.code, stderr: fresh.code === 0 ? "" : fresh.stderr }).toEqual({ code: 0, stderr: "" });
    const load = startLoad(lab, passwords.new);
    await delay(300);
    await load.stop();
    expect(load.failed).toEqual([]);
  });
});

describe("a rotation that does not pause", () => {
  it("waits out the grace, pauses where an application has not logged in anew, and tells who is refused", async () => {
    await using lab = await bringUpLab({ topology: "replication", auth: "password" });
    const passwords = await giveNewPasswords(lab);
    const node = addressOf(lab, "r1:6379");
    const old = await connect(lab, node.address, node.port, passwords.old);
    await delay(2_500);
    const waited = await rotate(lab, "--grace", "1s");
    expect(waited.code).toBe(7);
    old.disconnect();
    const env = { REDISHA_STATE_DIR: join(lab.root, "state") };
    const stubborn = startLoad(lab, passwords.old);
    const resumed = await redisha(["runs", "resume", "last", "--yes", "--json", "--file", lab.file], { env });
    await stubborn.stop();
    expect({ code: resumed.code, stderr: resumed.code === 0 ? "" : resumed.stderr }).toEqual({ code: 0, stderr: "" });
    expect(stubborn.failed.length).toBeGreaterThan(0);
    const { denied } = JSON.parse(resumed.stdout).result.outputs;
    expect(JSON.stringify(denied)).toContain('"user":"default"');
    // Taken back as a whole, everybody has the old one again, and nobody the new one.
    const back = await redisha(["runs", "rollback", "last", "--yes", "--file", lab.file], { env });
    expect({ code: back.code, stderr: back.code === 0 ? "" : back.stderr }).toEqual({ code: 0, stderr: "" });
    const again = startLoad(lab, passwords.old);
    await delay(200);
    await again.stop();
    expect(again.failed).toEqual([]);
  });
});
