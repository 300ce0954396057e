import { z } from "zod";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";
import { asRoot } from "./as-root.ts";
import { LOOK, readFacts } from "./read-facts.ts";
import { asDeclared, type DeclaredTimeService } from "./time-service.ts";

const unitSchema = z
  .strictObject({
    unit: z.string(),
    enabled: z.boolean(),
    active: z.boolean(),
    nofile: z.int().describe("How many files it may open"),
  })
  .nullable();

const factsSchema = z.strictObject({
  os: z.strictObject({ id: z.string(), version: z.string(), codename: z.string() }),
  cpus: z.int(),
  memory: z.int().describe("Bytes"),
  swap: z.strictObject({ total: z.int(), used: z.int() }).describe("Bytes"),
  systemd: z.boolean(),
  server: unitSchema.describe("The unit that the package of the engine has for servers; null where there is none"),
  sentinel: unitSchema,
  packages: z.record(z.string(), z.string()).describe("Versions of installed packages of Redis, Valkey and ufw"),
  sysctl: z.strictObject({ overcommit_memory: z.int(), swappiness: z.int(), somaxconn: z.int() }),
  huge_pages: z.string().describe("always, madvise or never; empty where the kernel has none"),
  logrotate: z.strictObject({
    installed: z.boolean(),
    covered: z.boolean().describe("Another file of its takes care of the logs of the servers"),
  }),
  clock: z.strictObject({
    synchronized: z.boolean(),
    ahead_ms: z.int().describe("Of the clock of this machine"),
    give_or_take_ms: z.int().min(0).describe("How wrong that may be: half of what the question was underway"),
  }),
  time_service: z.strictObject({
    keeping: z
      .enum(["kept", "ours", "due", "held", "left"])
      .describe(
        "kept by what somebody set up; ours: redisha did; due: by nothing; held: the host may not set its clock; left: redisha cannot, or is not to",
      ),
    by: z.string().nullable().describe("Who keeps it, or why nobody may"),
    unit: z.string().nullable().describe("To be enabled and started; null where the clock is left alone"),
    enabled: z.boolean(),
    active: z.boolean(),
    package: z.string().nullable().describe("To be installed for it"),
    servers: z.string().describe("Time servers of redisha.yaml, with spaces between"),
  }),
  ufw: z.strictObject({ installed: z.boolean(), active: z.boolean() }),
  engine: z.string().describe("redis or valkey, as files and units are named"),
  notes: z.array(z.string()).describe("What an operator should know"),
});

/** Two clocks that are further apart make times in logs misleading, and Sentinel's TILT more likely. */
const CLOCK_APART_MS = 2_000;

/** Reads what a host is and how its kernel is set. */
export const hostFacts = defineAction({
  name: "host.facts",
  summary:
    "Reads system, memory, units, packages, kernel settings, huge pages, log rotation, clock and ufw of each targeted host",
  scope: "host",
  effect: "read",
  input: z.strictObject({}),
  output: factsSchema,
  example: `- id: facts
  action: host.facts
  targets: { role: any }
  with: {}`,
  commands: () => [
    { transport: "script", text: "/etc/os-release, /proc, systemctl show, dpkg-query, timedatectl show, ufw status" },
  ],
  async run(_input, context) {
    const facts = await systemFacts(context);
    const notes = notesOf(facts);
    for (const note of notes) context.progress(`${hostOf(context).name}: ${note}`);
    const { overriding: _, ...told } = facts;
    return { outputs: { ...told, engine: engineName(context), notes }, changed: false };
  },
});

/** What the host of an op says of itself. Fails with HOST_NOT_READ. */
export async function systemFacts(context: ActionContext): Promise<SystemFacts> {
  const failure = { code: "HOST_NOT_READ", what: "the system cannot be looked at", state: "nothing was changed" };
  const from = Date.now();
  const said = await asRoot(context, LOOK, [engineName(context)], failure);
  const facts = readFacts(said, { from, to: Date.now() });
  return { ...facts, time_service: asDeclared(facts.time_service, context.deployment.time) };
}

type SystemFacts = ReturnType<typeof readFacts> & { readonly time_service: DeclaredTimeService };

/** What is told of who keeps the clock, apart from what `init-os` sets up itself. */
function timeNotes({ keeping, by, servers }: DeclaredTimeService, synchronized: boolean): string[] {
  if (keeping === "held") return [`it may not set its clock (${by}): the machine below has to keep that right`];
  if (keeping === "left") return [`nothing keeps its clock right, and redisha leaves that so: ${by}`];
  if (keeping === "due") return ["nothing keeps its clock right"];
  return [
    ...(synchronized ? [] : [`its clock is not synchronized yet, though ${by} runs: does it reach its time servers?`]),
    ...(keeping === "kept" && servers !== ""
      ? [`${by ?? "something"} keeps its clock right, with servers of its own`]
      : []),
  ];
}

function engineName({ deployment }: ActionContext): string {
  return deployment.engine.name === "valkey" ? "valkey" : "redis";
}

function notesOf({ clock, time_service: time, logrotate, systemd, overriding }: SystemFacts): string[] {
  return [
    ...(systemd ? [] : ["systemd does not run: what is set now will not be set after a boot"]),
    ...timeNotes(time, clock.synchronized),
    ...(Math.abs(clock.ahead_ms) - clock.give_or_take_ms > CLOCK_APART_MS
      ? [`its clock is ${clock.ahead_ms} ms ahead of this machine's`]
      : []),
    ...(logrotate.installed ? [] : ["logs grow without end: apt-get install logrotate"]),
    ...overriding.map((file) => `${file} sets kernel settings after the file of redisha, and wins at boot`),
  ];
}
