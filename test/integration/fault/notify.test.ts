import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runbookText, Workplace } from "../../support/runs.ts";

let folder: string;
let place: Workplace;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "redisha-notify-"));
});

afterEach(async () => {
  await place.remove();
  await rm(folder, { recursive: true, force: true });
});

async function tell(section: string, env: NodeJS.ProcessEnv = {}) {
  place = await Workplace.create(`version: 1
deployments:
  shop:
    topology: replication
    ssh: none
    hosts: { r1: { address: 127.0.0.1 } }
    redis: { on: [r1], port: 1 }
    notify: ${section}
`);
  Object.assign(process.env, env);
  const steps = `concurrency: { lock: none }
steps:
  - { id: tell, action: notify, with: { event: fault, message: "It is hurt", data: { after: 5 } } }
outputs: { told: steps.tell.outputs.told }
`;
  return place.run(runbookText(steps));
}

interface Heard {
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** A server that keeps what it hears and answers with a status; 0 is silence. */
async function listener(status: number) {
  const heard: Heard[] = [];
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on("end", () => {
      heard.push({ headers: request.headers, body });
      if (status === 302) response.setHeader("location", "/elsewhere");
      if (status !== 0) response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { heard, url: `http://127.0.0.1:${port}/hook`, [Symbol.asyncDispose]: close };
}

const warnings = (events: readonly { type: string; message?: string }[]) =>
  events.flatMap(({ type, message }) => (type === "warning" ? [message] : []));

describe("notify", () => {
  it("runs the command with the news as JSON on its standard input and the event in its environment", async () => {
    const script = join(folder, "hook");
    await writeFile(script, `#!/bin/sh\necho "$REDISHA_EVENT $1" >${folder}/said\ncat >>${folder}/said\n`, {
      mode: 0o755,
    });
    const { summary } = await tell(`{ command: [${script}, "a b"] }`);
    expect(summary).toMatchObject({ status: "done", exit: 0, outputs: { told: ["command"] } });
    const [first, json = ""] = (await readFile(join(folder, "said"), "utf8")).split("\n");
    expect(first).toBe("fault a b");
    expect(JSON.parse(json)).toMatchObject({
      event: "fault",
      deployment: "shop",
      message: "It is hurt",
      data: { after: 5 },
    });
  });

  it("sends JSON to the webhook, with the header that proves who calls, and shows its secret nowhere", async () => {
    await using server = await listener(204);
    const env = { NOTIFY_TOKEN: "Bearer very-secret-token" };
    const hook = `{ url: "${server.url}", header: { name: Authorization, value: { env: NOTIFY_TOKEN } } }`;
    const { summary, events } = await tell(`{ webhook: ${hook} }`, env);
    expect(summary).toMatchObject({ exit: 0, outputs: { told: ["webhook"] } });
    expect(server.heard).toHaveLength(1);
    expect(server.heard[0]?.headers.authorization).toBe("Bearer very-secret-token");
    expect(JSON.parse(server.heard[0]?.body ?? "")).toMatchObject({ event: "fault", deployment: "shop" });
    expect(JSON.stringify(events)).not.toContain("very-secret-token");
  });

  it("warns and does not fail where the command fails, is missing, or takes too long", async () => {
    const failing = await tell('{ command: [sh, -c, "echo no luck >&2; exit 3"] }');
    expect(failing.summary).toMatchObject({ status: "done", exit: 0, outputs: { told: [] } });
    expect(warnings(failing.events)).toEqual([
      "the command of notify was not told of fault: sh ended with status 3: no luck",
    ]);
    await place.remove();
    const missing = await tell("{ command: [no-such-program] }");
    expect(missing.summary).toMatchObject({ status: "done", exit: 0 });
    expect(warnings(missing.events)).toHaveLength(1);
    await place.remove();
    const slow = await tell("{ command: [sleep, '60'], timeout: 200ms }");
    expect(warnings(slow.events)).toEqual([
      "the command of notify was not told of fault: sleep took longer than 200ms",
    ]);
  });

  it.each([
    [500, "it answered 500"],
    [302, ""],
    [0, "no answer within 300ms"],
  ])("warns and does not fail where the webhook answers %d, and follows nobody elsewhere", async (status, why) => {
    await using server = await listener(status);
    const { summary, events } = await tell(`{ webhook: { url: "${server.url}" }, timeout: 300ms }`);
    expect(summary).toMatchObject({ status: "done", exit: 0, outputs: { told: [] } });
    expect(warnings(events).join()).toContain(`the webhook of notify was not told of fault: ${why}`);
    expect(server.heard).toHaveLength(1);
  });

  it("tells nobody of events that nobody asked for", async () => {
    await using server = await listener(204);
    const { summary } = await tell(`{ webhook: { url: "${server.url}" }, events: [failed] }`);
    expect(summary).toMatchObject({ exit: 0, outputs: { told: [] } });
    expect(server.heard).toEqual([]);
  });
});
