import { spawnSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { swallowConnections } from "../../support/dead-ends.ts";
import { addressOf, bringUpLab, type TestLab } from "../../support/lab.ts";
import { expectFinding, look, variant } from "../../support/status.ts";

/** Short limits, so that what never answers does not keep the tests waiting. */
const LIMITS = { connect: "700ms", command: "500ms" };
const LIMIT_MS = 1_200;
/** What a busy machine may add to a limit before it counts as exceeded. */
const SLACK_MS = 2_000;

let lab: TestLab;
let file: string;
beforeAll(async () => {
  lab = await bringUpLab({ auth: "acl", downAfterMs: 60_000 });
  file = await variant(lab, "impatient", { timeouts: LIMITS });
});
afterAll(() => lab?.down());
afterEach(async () => {
  for (const { id, state } of await lab.ps()) {
    if (state === "stopped") await lab.kill(id, "SIGCONT");
    if (state === "dead") await lab.restart(id);
  }
});

describe("an instance that cannot be reached costs its limit and hides no other:", () => {
  it("a server that takes the connection and never answers", async () => {
    await lab.kill("r2:6379", "SIGSTOP");
    const seen = await look(file);
    expect(seen).toMatchObject({ exit: 9, state: "degraded", topology: { primary_id: "r1:6379" } });
    expectFinding(seen, "instance_unreachable", {
      subject: "r2:6379",
      message: /REDIS_TIMEOUT/,
      next: new RegExp(`ssh .*@${addressOf(lab, "r2")} top`),
      varies: true,
    });
    expectOthersSeen(seen, ["r2:6379"]);
  });

  it("a primary that takes the connection and never answers", async () => {
    await lab.kill("r1:6379", "SIGSTOP");
    const seen = await look(file);
    expect(seen).toMatchObject({ exit: 9 });
    expectFinding(seen, "instance_unreachable", {
      subject: "r1:6379",
      message: /REDIS_TIMEOUT/,
      next: new RegExp(`ssh .*@${addressOf(lab, "r1")} top`),
      varies: true,
    });
    // Its replicas heard from it within the last ping interval, so it is not known to be dead.
    expectFinding(seen, "primary_not_observed", { subject: "r1:6379", next: /\S/ });
    expectOthersSeen(seen, ["r1:6379"]);
  });

  it("an sshd that takes the connection and never answers", async () => {
    await lab.kill("r3:2222", "SIGSTOP");
    const seen = await look(file);
    expect(seen).toMatchObject({ exit: 9, state: "degraded" });
    expectFinding(seen, "instance_unreachable", { subject: "r3:6379", message: /SSH_TIMEOUT/, next: /ssh/ });
    expectFinding(seen, "sentinel_unreachable", { subject: "r3:26379", message: /SSH_TIMEOUT/ });
    expectOthersSeen(seen, ["r3:6379", "r3:26379"]);
  });

  it("a host behind a firewall that drops every packet for sshd", async () => {
    await lab.kill("r3:2222");
    await using _ = await swallowConnections(addressOf(lab, "r3"), 2222);
    const seen = await look(file);
    expect(seen).toMatchObject({ exit: 9, state: "degraded" });
    expectFinding(seen, "instance_unreachable", {
      subject: "r3:6379",
      message: /SSH_TIMEOUT/,
      next: /firewall|nc|ssh/,
    });
    expectOthersSeen(seen, ["r3:6379", "r3:26379"]);
  });

  it("a port of Redis behind a firewall that drops every packet, reached directly", async () => {
    const direct = await variant(lab, "direct", { timeouts: LIMITS, ssh: "none" });
    await lab.kill("r3:6379");
    await using _ = await swallowConnections(addressOf(lab, "r3"), 6379);
    const seen = await look(direct);
    expect(seen).toMatchObject({ exit: 9, state: "degraded" });
    expectFinding(seen, "instance_unreachable", { subject: "r3:6379", message: /REDIS_UNREACHABLE/, next: /firewall/ });
    expectOthersSeen(seen, ["r3:6379"]);
  });

  it("a host whose sshd is not there", async () => {
    await lab.kill("r2:2222");
    const seen = await look(file);
    expect(seen).toMatchObject({ exit: 9, state: "degraded" });
    expectFinding(seen, "instance_unreachable", { subject: "r2:6379", message: /SSH_REFUSED/, next: /\S/ });
    expectOthersSeen(seen, ["r2:6379", "r2:26379"]);
  });

  /** All others were looked at, and those that were not took no longer than they may. */
  function expectOthersSeen({ topology, text }: Awaited<ReturnType<typeof look>>, silent: readonly string[]): void {
    const all = [...topology.nodes, ...topology.sentinels];
    expect(all.filter(({ reach }) => !reach.ok).map(({ id }) => id)).toEqual(silent);
    expect(all).toHaveLength(6);
    for (const { id } of topology.nodes) expect(text).toContain(id);
    expect(topology.duration_ms).toBeLessThan(LIMIT_MS + SLACK_MS);
  }
});

describe("a login that is refused", () => {
  it("with a wrong password everywhere: nothing is known, exit 6, and where to mend it", async () => {
    const wrong = "not-the-right-one-4711";
    await writeFile(join(lab.status.folder, "secrets", "wrong.password"), `${wrong}\n`, { mode: 0o600 });
    const seen = await look(
      await variant(lab, "wrong-password", { "auth.operator.password": { file: "secrets/wrong.password" } }),
    );
    expect(seen).toMatchObject({ exit: 6, state: "unreachable" });
    const found = expectFinding(seen, "instance_unreachable", {
      subject: "r1:6379",
      message: /REDIS_WRONG_PASSWORD|WRONGPASS/,
      next: /auth: in redisha\.yaml/,
    });
    expect(found.message).toContain("redisha");
    expect(JSON.stringify(seen)).not.toContain(wrong);
  });

  it("without a password where one is needed: says that redisha.yaml gives none", async () => {
    const seen = await look(await variant(lab, "no-password", { auth: undefined }));
    expect(seen).toMatchObject({ exit: 6, state: "unreachable" });
    expectFinding(seen, "instance_unreachable", { subject: "r1:6379", message: /NOAUTH|AUTH/, next: /auth/ });
  });
});

describe.each(["ssh2", "openssh"] as const)("host keys, with %s,", (adapter) => {
  it("that changed keep redisha from the host, and it says which line of which file to look at", async () => {
    const lines = await knownHosts();
    const strange = lines
      .find((line) => line.startsWith(`[${addressOf(lab, "r1")}]`))
      ?.split(" ")
      .slice(1)
      .join(" ");
    const changed = lines.map((line) =>
      line.includes(addressOf(lab, "r2")) ? `${line.split(" ")[0]} ${strange}` : line,
    );
    const seen = await look(await knowing("changed", changed));
    expect(seen).toMatchObject({ exit: 9, state: "degraded" });
    expectFinding(seen, "instance_unreachable", {
      subject: "r2:6379",
      message: /SSH_HOST_KEY_CHANGED/,
      next: /ssh-keygen .*-R/,
    });
    expect(seen.text).toMatch(/r2:6379 .*host key/);
  });

  it("that are not known keep redisha from the host, and it says how to learn them", async () => {
    const seen = await look(
      await knowing(
        "unknown",
        (await knownHosts()).filter((line) => !line.includes(addressOf(lab, "r2"))),
      ),
    );
    expect(seen).toMatchObject({ exit: 9, state: "degraded" });
    expectFinding(seen, "instance_unreachable", {
      subject: "r2:6379",
      message: /SSH_HOST_KEY_UNKNOWN/,
      next: /ssh-keyscan|ssh .*r2|ssh-keygen/,
    });
  });

  it("of no host known: nothing is reached, exit 6", async () => {
    const seen = await look(await knowing("none", []));
    expect(seen).toMatchObject({ exit: 6, state: "unreachable" });
  });

  async function knowing(name: string, lines: readonly string[]): Promise<string> {
    await writeFile(join(lab.status.folder, "ssh", `${name}_hosts`), lines.map((line) => `${line}\n`).join(""));
    return variant(lab, `${name}-${adapter}`, { "ssh.known_hosts": `ssh/${name}_hosts`, "ssh.adapter": adapter });
  }
});

it("reaches the same through the ssh program, an agent-less key with a passphrase included", async () => {
  const folder = join(lab.status.folder, "ssh");
  const key = join(folder, "locked");
  const passphrase = "a-phrase-for-the-key-0815";
  spawnSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-f", key]);
  const authorized = join(folder, "authorized_keys");
  await writeFile(authorized, (await readFile(authorized, "utf8")) + (await readFile(`${key}.pub`, "utf8")));
  await writeFile(join(folder, "locked.passphrase"), `${passphrase}\n`, { mode: 0o600 });
  const locked = await variant(lab, "locked", {
    "ssh.identity": "ssh/locked",
    "ssh.passphrase": { file: "ssh/locked.passphrase" },
  });
  expect(await look(locked)).toMatchObject({ exit: 0, state: "healthy" });
  expect(await look(await variant(lab, "openssh", { "ssh.adapter": "openssh" }))).toMatchObject({ exit: 0 });
});

async function knownHosts(): Promise<string[]> {
  return (await readFile(join(lab.status.folder, "ssh", "known_hosts"), "utf8")).trim().split("\n");
}
