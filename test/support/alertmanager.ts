/**
 * Alertmanager with the routes that redisha renders, and who is called by it:
 *
 *     await using alertmanager = await startAlertmanager(lab);
 *     await watchLab(lab, { alertmanager: alertmanager.address });
 *     alertmanager.calls("page");
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { type Daemon, startDaemon } from "./daemon.ts";
import type { TestLab } from "./lab.ts";
import { freePort } from "./redis.ts";
import { redisha } from "./redisha.ts";
import { until } from "./until.ts";

const LOOPBACK = "127.0.0.1";
export const TOKEN = "a token for the pager";

/** What Alertmanager says to a webhook, as far as it is looked at. */
const callSchema = z.object({
  receiver: z.string(),
  status: z.enum(["firing", "resolved"]),
  alerts: z.array(z.object({ status: z.string(), labels: z.record(z.string(), z.string()) })),
});

interface Call {
  readonly authorization: string | undefined;
  readonly receiver: string;
  /** `RedisDown r1:6379`, of all that fire. */
  readonly firing: readonly string[];
}

export interface Alertmanager extends AsyncDisposable {
  /** Where Prometheus finds it. */
  readonly address: string;
  /** What one of the two webhooks was told so far. */
  calls(webhook: "page" | "tell"): readonly Call[];
}

export async function startAlertmanager(lab: TestLab): Promise<Alertmanager> {
  const folder = await mkdtemp(join(tmpdir(), "redisha-alertmanager-"));
  const calls = { page: [] as Call[], tell: [] as Call[] };
  const webhooks = createServer(async (request, response) => {
    const { receiver, alerts } = callSchema.parse(JSON.parse(await text(request)));
    const firing = alerts
      .filter(({ status }) => status === "firing")
      .map(({ labels }) => `${labels.alertname} ${labels.instance ?? labels.deployment}`);
    const call = { authorization: request.headers.authorization, receiver, firing: firing.sort() };
    calls[request.url === "/page" ? "page" : "tell"].push(call);
    response.end();
  });
  let server: Daemon | undefined;
  const stop = async (): Promise<void> => {
    await server?.stop();
    webhooks.close();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve) => webhooks.listen(0, LOOPBACK, resolve));
    const { port } = webhooks.address() as AddressInfo;
    await writeFile(join(folder, "token"), TOKEN);
    const hook = `http://${LOOPBACK}:${port}`;
    const set = [`page=${hook}/page`, `tell=${hook}/tell`, `token_file=${join(folder, "token")}`];
    const words = set.flatMap((each) => ["--set", each]);
    const { code, stderr } = await redisha(["render", "alertmanager", "--file", lab.file, "--out", folder, ...words]);
    if (code !== 0) throw new Error(stderr);
    const address = `${LOOPBACK}:${await freePort(LOOPBACK)}`;
    server = startDaemon("prometheus-alertmanager", [
      `--config.file=${join(folder, "alertmanager.yml")}`,
      `--storage.path=${join(folder, "data")}`,
      `--web.listen-address=${address}`,
      // By itself: it looks for no others.
      "--cluster.listen-address=",
    ]);
    const started = server;
    await until(async () => {
      if (started.exit !== undefined) throw new Error(`alertmanager ended: ${started.log()}`);
      return (await fetch(`http://${address}/-/ready`).catch(() => undefined))?.ok === true;
    });
    return { address, calls: (webhook) => calls[webhook], [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
