import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import type { RedisTls } from "../../../connect/types.ts";
import { scrubber } from "../../../core/scrub.ts";
import { tagFor } from "../../../drill/hash-slot.ts";
import { ownEndpoint } from "../../../inventory/ports.ts";
import { benchmarkSchema } from "../../../size/benchmark.ts";
import type { ActionContext } from "../../contract.ts";
import { defineAction } from "../../define.ts";
import { durationSchema } from "../../duration-schema.ts";
import { instanceOf } from "../../needs.ts";
import { redisCommand } from "../../redis/argv.ts";
import { describeService } from "../../service/describe.ts";
import { measuredBy } from "./measured.ts";
import { MEASURE_LIVE } from "./scripts.ts";

const PREFIX = "redisha:benchmark:";
/** Seconds after which the keys are gone by themselves. */
const KEPT_S = 60;

/**
 * The same of a server that real clients use. It is asked as a user that is made for it, whose password redis-benchmark can
 * only be given in its arguments: it may do nothing but set and get keys under `redisha:benchmark:`, and is gone afterwards.
 */
export const sizeBenchmarkLive = defineAction({
  name: "size.benchmark_live",
  summary: "Runs redis-benchmark against a live primary, on its host, as a user and with keys made for it",
  scope: "instance",
  effect: "disruptive",
  input: z.strictObject({
    for: durationSchema.describe("How long to measure"),
    connections: z.int().min(1),
    value_bytes: z.int().min(1),
  }),
  output: benchmarkSchema,
  example: `- id: benchmark
  action: size.benchmark_live
  targets: { role: primary }
  with: { for: 20s, connections: 50, value_bytes: 100 }
  undo: none`,
  commands: (input) => [
    redisCommand(["ACL", "SETUSER", "redisha-benchmark-…", "on", `~${PREFIX}*`, "+set", "+get"]),
    { transport: "exec", text: `redis-benchmark ${wordsOf(input, "SET", "", "VALUE").join(" ")}` },
    { transport: "exec", text: `redis-benchmark ${wordsOf(input, "GET", "", "VALUE").join(" ")}` },
    redisCommand(["ACL", "DELUSER", "redisha-benchmark-…"]),
  ],
  takesMs: (input) => input.for * 6 + 180_000,
  async run(input, context) {
    const instance = instanceOf(context);
    const { program } = await describeService(instance, context);
    const redis = await context.redis(instance);
    const [user, password] = [`redisha-benchmark-${randomBytes(4).toString("hex")}`, randomBytes(24).toString("hex")];
    scrubber.learn(password);
    const rules = ["on", `>${password}`, `~${PREFIX}*`, "-@all", "+set", "+get"];
    await redis.command(["ACL", "SETUSER", user, ...rules], { signal: context.signal });
    try {
      const tag = await tagOf(context);
      const { address, port } = ownEndpoint(instance);
      const login = ["-h", address, "-p", String(port), "--user", user, "-a", password];
      const env = await tlsOf(context.deployment.tls);
      const shell = await context.shell(instance.host);
      const seconds = String(Math.max(1, Math.round(input.for / 2_000)));
      const measured = [];
      for (const test of ["SET", "GET"] as const) {
        const args = [program, seconds, ...login, ...wordsOf(input, test, tag, "x".repeat(input.value_bytes))];
        measured.push(
          measuredBy(await shell.script(MEASURE_LIVE, args, { env, signal: context.signal }), instance.host),
        );
      }
      const { connections, value_bytes } = input;
      const [{ cores, version } = { cores: null, version: "" }] = measured;
      return {
        outputs: {
          ...{ server: instance.id, host: instance.host.name, version, cores, connections, value_bytes },
          command: `redis-benchmark ${wordsOf(input, "SET", tag, "VALUE").join(" ")}`,
          rates: measured.flatMap(({ rates }) => rates),
        },
        changed: true,
      };
    } finally {
      await redis.command(["ACL", "DELUSER", user]);
    }
  },
});

function wordsOf({ connections }: { connections: number }, test: "SET" | "GET", tag: string, value: string): string[] {
  const how = ["-c", String(connections), "-r", "10000", test, `${PREFIX}${tag}__rand_int__`];
  return test === "SET" ? [...how, value, "EX", String(KEPT_S)] : how;
}

/** In a cluster: what puts every key into one slot of this server. */
async function tagOf(context: ActionContext): Promise<string> {
  const { nodes } = await context.topology();
  const tag = tagFor(nodes.find(({ id }) => id === instanceOf(context).id)?.cluster?.slots ?? []);
  return tag === undefined ? "" : `{${tag}}`;
}

/** What TLS takes, as text: the files stand on the operator's machine. */
async function tlsOf(tls: RedisTls | undefined): Promise<Record<string, string>> {
  const files = { CA: tls?.ca, CERT: tls?.cert, KEY: tls?.key };
  const read = Object.entries(files).map(async ([name, path]) => [name, path ? await readFile(path, "utf8") : ""]);
  return Object.fromEntries(await Promise.all(read));
}
