import { text } from "node:stream/consumers";
import { z } from "zod";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { desiredExporters } from "../../init/exporter-files.ts";
import type { Host, Instance } from "../../inventory/model.ts";
import type { ExporterUnit } from "../../render/exporter.ts";
import { hostPort } from "../../render/host-port.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";

/** Asks exporters as Prometheus does. */
export const exporterProve = defineAction({
  name: "exporter.prove",
  summary: "Asks redis_exporter of each targeted host about every server and Sentinel that answers, as Prometheus does",
  scope: "host",
  effect: "read",
  input: z.strictObject({}),
  output: z.strictObject({ measured: z.array(z.string()).describe("Instances that it could log in to and measure") }),
  example: `- id: measured
  action: exporter.prove
  targets: { role: any, per: host }
  with: {}
  retry: { attempts: 10, delay: 1s }`,
  commands: () => [{ transport: "exec", text: "GET /scrape?target=… of redis_exporter, for every instance" }],
  async run(_input, context) {
    const { deployment } = context;
    const host = hostOf(context);
    const wanted = await desiredExporters(host, deployment);
    const { nodes, sentinels } = await context.topology();
    const up = new Set([...nodes, ...sentinels].flatMap((node) => (node.up ? [node.id] : [])));
    const measured: string[] = [];
    for (const unit of wanted?.units ?? []) {
      const asked = deployment.instances.filter(({ id, kind }) => kind === unit.asks && up.has(id));
      for (const instance of asked) {
        if (!(await isMeasured(instance, unit, host, context))) throw blind(unit, instance, host);
        measured.push(instance.id);
      }
    }
    return { outputs: { measured }, changed: false };
  },
});

async function isMeasured(
  instance: Instance,
  { name, listen }: ExporterUnit,
  host: Host,
  { shell, signal, deployment }: ActionContext,
): Promise<boolean> {
  const target = `${deployment.tls ? "rediss" : "redis"}://${hostPort(instance)}`;
  const at = listen.lastIndexOf(":");
  try {
    const connection = await shell(host);
    const stream = await connection.forward(
      listen.slice(0, at).replace(/[[\]]/g, ""),
      Number(listen.slice(at + 1)),
      signal,
    );
    stream.end(`GET /scrape?target=${encodeURIComponent(target)} HTTP/1.0\r\nHost: ${listen}\r\n\r\n`);
    return /^redis_up 1$/m.test(await text(stream));
  } catch (cause) {
    throw new RedishaError({
      code: "EXPORTER_SILENT",
      message: `${name}.service of ${host.name} does not answer at ${listen}: ${messageOf(cause)}`,
      host: host.name,
      state: "its files are there; it measures nothing",
      next: [`on ${host.name}: journalctl -u ${name}.service -n 20`, `on ${host.name}: ss -ltnp`],
      cause,
    });
  }
}

function blind({ name }: ExporterUnit, { id }: Instance, host: Host): RedishaError {
  return new RedishaError({
    code: "EXPORTER_BLIND",
    message: `${name}.service of ${host.name} answers, and cannot measure ${id}, which is up.`,
    host: host.name,
    state: "it runs; what it measures of others is right",
    next: [
      `on ${host.name}: journalctl -u ${name}.service -n 20`,
      "is the user's password on servers? redisha init --drift",
    ],
  });
}
