import { z } from "zod";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Instance } from "../../inventory/model.ts";
import { type BrokenLibrary, isBroken, librariesBrokenBy } from "../../upgrade/client-libraries.ts";
import { type Release, shown } from "../../upgrade/release.ts";
import { parseClients } from "../acl/clients.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";

const librarySchema = z.strictObject({
  library: z.string(),
  version: z.string().nullable(),
  connections: z.int().describe("0: redisha.yaml names it"),
});

type Found = z.infer<typeof librarySchema>;

/** Whether applications will get on with a release, as far as anybody tells by which libraries they speak. */
export const upgradeClients = defineAction({
  name: "upgrade.clients",
  summary:
    "Fails where an application's library is known not to work with the release; tells which libraries servers and redisha.yaml know of",
  scope: "controller",
  effect: "read",
  once: true,
  input: z.strictObject({ engine: z.string(), version: z.string() }),
  output: z.strictObject({
    libraries: z.array(librarySchema),
    nameless: z.int().describe("Connections of applications whose library is not known"),
    told: z.boolean().describe("Servers tell libraries; those before 7.2 do not"),
    silent: z.array(z.string()).describe("Servers that did not tell who is connected"),
  }),
  example: `- id: clients
  action: upgrade.clients
  with: { engine: redis, version: "8.0.2" }`,
  commands: () => [{ transport: "redis", text: "CLIENT LIST  # on every data node" }],
  tell: ({ libraries, nameless, told, silent }) => {
    const many = nameless === 1 ? "1 connection does" : `${nameless} connections do`;
    const unknown = [
      ...(told && nameless > 0 ? [`${many} not name the library`] : []),
      ...(told || silent.length > 0 ? [] : ["servers before 7.2 do not tell which libraries are connected"]),
      ...(silent.length > 0 ? [`${silent.join(", ")} did not tell who is connected`] : []),
    ];
    return [...libraries.map(said), ...unknown].join("; ") || "no application is connected";
  },
  async run({ engine, version }, context) {
    const { deployment } = context;
    const to = { engine, version };
    const { nodes } = await context.topology();
    const broken = nodes.flatMap((node) =>
      node.engine === null || node.version === null
        ? []
        : librariesBrokenBy({ engine: node.engine, version: node.version }, to, deployment.kind),
    );
    const data = deployment.instances.filter(({ kind }) => kind === "data");
    const asked = await Promise.all(data.map((instance) => clientsOf(instance, context)));
    const everybody = asked.flatMap((clients) => clients ?? []);
    const clients = everybody.filter(({ is }) => is === "application");
    const declared = (deployment.clients ?? []).map((each) => ({ ...each, connections: 0 }));
    const libraries = [...counted(clients), ...declared];
    const nameless = clients.filter(({ library }) => !library).length;
    const told = everybody.some(({ library }) => library !== undefined);
    const silent = data.flatMap(({ id }, at) => (asked[at] ? [] : [id]));
    judge(libraries, broken, to, context);
    if (libraries.length === 0 && (!told || nameless > 0)) tellUnknown(broken, to, context);
    return { outputs: { libraries, nameless, told, silent }, changed: false };
  },
});

/** Who is connected; undefined where the login may not ask, or nobody answers. */
async function clientsOf(instance: Instance, { redis, signal }: ActionContext) {
  const connection = await redis(instance).catch(() => undefined);
  const text = await connection?.command(["CLIENT", "LIST"], { signal }).catch(() => undefined);
  return typeof text === "string" ? parseClients(text) : undefined;
}

function counted(clients: readonly { library?: string; libraryVersion: string }[]): Found[] {
  const found = new Map<string, Found>();
  for (const { library, libraryVersion } of clients) {
    if (!library) continue;
    const name = `${library} ${libraryVersion}`;
    const { connections } = found.get(name) ?? { connections: 0 };
    found.set(name, { library, version: libraryVersion || null, connections: connections + 1 });
  }
  return [...found.values()];
}

function judge(
  libraries: readonly Found[],
  broken: readonly BrokenLibrary[],
  to: Release,
  context: ActionContext,
): void {
  for (const library of libraries) {
    const found = broken.find((each) => isBroken(library, each));
    if (!found) continue;
    const what = `${said(library)} does not get on with ${shown(to)}: ${found.why} (${found.source})`;
    if (found.breaks === "all") throw tooOld(what, found);
    context.emit({ type: "warning", message: what });
  }
}

/** Said only where there is a library that would not get on. */
function tellUnknown(broken: readonly BrokenLibrary[], to: Release, context: ActionContext): void {
  const names = [...new Set(broken.map(minimumOf))].join(", ");
  if (names === "") return;
  const message = `by which libraries applications speak is told by no server before 7.2, and ${shown(to)} wants ${names}: say in redisha.yaml which ones yours are (clients)`;
  context.emit({ type: "warning", message });
}

function minimumOf({ library, minimum }: BrokenLibrary): string {
  return minimum === null ? `another one than ${library}` : `${library} ${minimum} or later`;
}

function said({ library, version, connections }: Found): string {
  const where =
    connections === 0 ? "named in redisha.yaml" : connections === 1 ? "1 connection" : `${connections} connections`;
  return `${library}${version === null ? "" : ` ${version}`} (${where})`;
}

function tooOld(message: string, broken: BrokenLibrary): RedishaError {
  return new RedishaError({
    code: "UPGRADE_CLIENT_TOO_OLD",
    message: `${message}.`,
    exit: EXIT.gateRefused,
    state: "nothing was touched",
    next: [`bring the applications to ${minimumOf(broken)} first; where redisha.yaml names it, change that, too`],
  });
}
