import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { packagePath } from "../../../src/core/package-root.ts";
import { CLIENTS } from "../../../src/render/kinds/clients/catalog.ts";
import { declared } from "../../support/declared.ts";
import { cli, freePort, Servers, until } from "../../support/redis.ts";

const servers = new Servers();
afterAll(() => servers.stopAll());

/** Asks for a key of the slot that is on its way, and for one that stays. */
const PROGRAM = `import { connect, insist } from "./ioredis.mjs";
const client = connect();
await client.get("moves").catch((error) => console.log(error.message));
await new Promise((resolve) => setTimeout(resolve, 500));
console.log(await insist(() => client.set("stays", "here")));
process.exit(0);
`;

it("a rendered ioredis lives on where the node that it was sent on to says nothing", async () => {
  const port = await freePort();
  const [source, target] = await Promise.all(
    ["127.0.0.1", "127.0.0.2"].map((address) =>
      servers.start({ address, port, conf: ["cluster-enabled yes", `cluster-announce-ip ${address}`] }),
    ),
  );
  if (!source || !target) throw new Error("there are no two");
  await cli(source, ["CLUSTER", "ADDSLOTSRANGE", "0", "16383"]);
  await cli(source, ["CLUSTER", "MEET", target.address, String(port)]);
  await until("both know each other", async () =>
    (await cli(target, ["CLUSTER", "INFO"])).includes("cluster_state:ok"),
  );
  const known = `${target.address}:${port}@${port + 10_000}`;
  await until("it is known by its address", async () => (await cli(source, ["CLUSTER", "NODES"])).includes(known));
  const slot = await cli(source, ["CLUSTER", "KEYSLOT", "moves"]);
  await cli(source, ["CLUSTER", "SETSLOT", slot, "MIGRATING", await cli(target, ["CLUSTER", "MYID"])]);
  target.child.kill("SIGSTOP");

  const hosts = { r1: { address: source.address }, r2: { address: target.address } };
  const on = { on: ["r1", "r2"], port };
  const deployment = await declared({ topology: "cluster", auth: "none", tls: false }, { hosts, redis: on });
  const folder = await mkdtemp(join(tmpdir(), "redisha-asking-"));
  try {
    await symlink(packagePath("node_modules"), join(folder, "node_modules"));
    const rendered = await CLIENTS.find(({ name }) => name === "ioredis")?.render(deployment, {});
    await writeFile(join(folder, "ioredis.mjs"), rendered?.files[0]?.text ?? "");
    await writeFile(join(folder, "program.mjs"), PROGRAM);
    const child = spawn(process.execPath, [join(folder, "program.mjs")], { stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        said += chunk.toString();
      });
    const [code] = await once(child, "close");
    expect({ code, said: code === 0 ? "" : said }).toEqual({ code: 0, said: "" });
    // What was sent on failed, and was told; what came behind it did not.
    expect(said).toMatch(/(timed out|closed|redirections)[\s\S]*\nOK\n$/);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
