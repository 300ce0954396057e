import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { CA_FILE } from "../../src/lab/certificates.ts";
import { type Daemon, startDaemon } from "./daemon.ts";
import type { TestLab } from "./lab.ts";
import { login } from "./lab-login.ts";
import { freePort } from "./redis.ts";
import { redisha } from "./redisha.ts";
import { until } from "./until.ts";

const LOOPBACK = "127.0.0.1";

export interface Prometheus extends AsyncDisposable {
  readonly url: string;
  /** Alerts that fire, with what each is about: `RedisDown r1:6379`. */
  firing(): Promise<readonly string[]>;
  /** Labels and value of each series that an expression gives. */
  query(expression: string): Promise<readonly { readonly metric: Record<string, string>; readonly value: number }[]>;
  stop(): Promise<void>;
}

const alertsSchema = z.object({
  data: z.object({ alerts: z.array(z.object({ state: z.string(), labels: z.record(z.string(), z.string()) })) }),
});
const vectorSchema = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});

/** Prometheus itself, with the configuration of a folder; `beside` is stopped with it, and the folder removed. */
export async function startPrometheus(folder: string, beside: readonly Daemon[] = []): Promise<Prometheus> {
  const address = `${LOOPBACK}:${await freePort(LOOPBACK)}`;
  const url = `http://${address}`;
  const server = startDaemon("prometheus", [
    `--config.file=${join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${join(folder, "data")}`,
    `--web.listen-address=${address}`,
    "--log.level=warn",
  ]);
  const stop = async (): Promise<void> => {
    await Promise.all([server, ...beside].map((each) => each.stop()));
    await rm(folder, { recursive: true, force: true });
  };
  const ask = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();
  try {
    await until(async () => {
      if (server.exit !== undefined) throw new Error(`prometheus ended: ${server.log()}`);
      return (await fetch(`${url}/-/ready`).catch(() => undefined))?.ok === true;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url,
    async firing() {
      const { data } = alertsSchema.parse(await ask("/api/v1/alerts"));
      const fired = data.alerts.filter(({ state }) => state === "firing");
      return fired.map(({ labels }) => `${labels.alertname} ${labels.instance ?? labels.deployment}`).sort();
    },
    async query(expression) {
      const { data } = vectorSchema.parse(await ask(`/api/v1/query?query=${encodeURIComponent(expression)}`));
      return data.result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** Everything that redisha renders to watch a lab, at work: exporters as their units start them, and Prometheus. */
export async function watchLab(lab: TestLab, settings: Readonly<Record<string, string>> = {}): Promise<Prometheus> {
  const folder = await mkdtemp(join(tmpdir(), "redisha-prometheus-"));
  const beside: Daemon[] = [];
  try {
    const [data, sentinels, blackbox] = await Promise.all(
      [0, 1, 2].map(async () => `${LOOPBACK}:${await freePort(LOOPBACK)}`),
    );
    const render = async (kind: string, set: Readonly<Record<string, string | undefined>>): Promise<void> => {
      const words = Object.entries(set).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
      const { code, stderr } = await redisha(["render", kind, "--file", lab.file, "--out", folder, ...words]);
      if (code !== 0) throw new Error(stderr);
    };
    const ca = join(lab.status.folder, CA_FILE);
    await render("redis-exporter", { listen: data, sentinel_listen: sentinels, folder });
    const at = { exporter: data, sentinel_exporter: sentinels, blackbox, ca };
    await render("prometheus", { interval: "1s", patience: "2s", ...at, ...settings });
    await writeFile(join(folder, "redis-ca.crt"), lab.status.tls ? await readFile(ca) : "");
    const { password = "" } = await login(lab);
    for (const unit of [`redis-exporter-${lab.status.name}`, `redis-exporter-${lab.status.name}-sentinel`]) {
      const text = await readFile(join(folder, `${unit}.service`), "utf8").catch(() => "");
      const [program, ...argv] = /^ExecStart=(.*)$/m.exec(text)?.[1]?.split(" ") ?? [];
      const user = /^Environment="REDIS_USER=(.*)"$/m.exec(text)?.[1] ?? "";
      if (program)
        beside.push(startDaemon(program, argv, { REDIS_ADDR: "", REDIS_USER: user, REDIS_PASSWORD: password }));
    }
    if (lab.status.tls) {
      const argv = [`--config.file=${join(folder, "blackbox.yml")}`, `--web.listen-address=${blackbox}`];
      beside.push(startDaemon("prometheus-blackbox-exporter", argv));
    }
    return await startPrometheus(folder, beside);
  } catch (error) {
    await Promise.all(beside.map((each) => each.stop()));
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
}
