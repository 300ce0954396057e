import { Readable } from "node:stream";
import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import type { Instance } from "../../inventory/model.ts";
import { backupFolder } from "../../repository/layout.ts";
import { type FileKind, type StoredFile, storedFileSchema } from "../../repository/manifest.ts";
import { packFile } from "../../repository/pipeline/pack-file.ts";
import { field } from "../../topology/parse/info.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { readDirectives } from "../redis/directives.ts";
import { removeEarlier } from "./packing.ts";
import { type WritableRepository, writingTo } from "./repository.ts";
import { infoOf } from "./save/persistence.ts";
import { becomes, instanceNamed, sourcesSchema } from "./sources.ts";

const leftOutSchema = z.strictObject({ what: z.string(), why: z.string() });
type LeftOut = z.infer<typeof leftOutSchema>;

/** A small file that travels with a backup, or why it does not. */
interface Companion {
  readonly name: string;
  readonly kind: FileKind;
  readonly instance?: string;
  /** Holds passwords, or digests of some. */
  readonly secret: boolean;
  read(): Promise<string | undefined>;
}

/** Stores what no snapshot holds: users, configuration, the map of a Cluster, Sentinel's state, functions in readable form. */
export const backupAlong = defineAction({
  name: "backup.store_along",
  summary:
    "Stores users, configuration files, nodes.conf, Sentinel's state, functions and the topology beside the snapshots",
  scope: "controller",
  effect: "change",
  input: z.strictObject({
    sources: sourcesSchema,
    plain_secrets: z
      .boolean()
      .default(false)
      .describe("Where nothing is encrypted, store files with passwords nevertheless; left out otherwise"),
  }),
  output: z.strictObject({ files: z.array(storedFileSchema), left_out: z.array(leftOutSchema) }),
  example: `- id: along
  action: backup.store_along
  with: { sources: "\${{ steps.choose.outputs.sources }}" }
  undo: { action: backup.discard, with: {} }`,
  commands: () => [
    { transport: "exec", text: "cat CONFIG_FILE ACLFILE NODES_CONF of every instance" },
    { transport: "redis", text: "FUNCTION LIST WITHCODE" },
    { transport: "controller", text: "store meta/… in the repository" },
  ],
  async run({ sources, plain_secrets }, context) {
    const repository = await writingTo(context);
    const folder = backupFolder(context.deployment.name, context.life.id);
    await removeEarlier(repository.store, `${folder}meta/`, repository.signal);
    const source = Object.values(sources)[0];
    const companions = [
      topologyOf(context),
      ...(source ? [functionsOf(instanceNamed(context.deployment, source.instance), context)] : []),
      ...context.deployment.instances.flatMap((instance) => ofInstance(instance, context)),
    ];
    const files: StoredFile[] = [];
    const leftOut: LeftOut[] = [];
    // Passwords in a repository that anybody may read would be worse than a restore that asks for them.
    const refused = repository.packing.recipients === undefined && !plain_secrets;
    for (const companion of companions) {
      if (companion.secret && refused) {
        leftOut.push({
          what: companion.name,
          why: "it may hold passwords, and backups are not encrypted (encrypt_to)",
        });
      } else {
        const stored = await store(companion, repository, context);
        if (stored && "why" in stored) leftOut.push(stored);
        else if (stored) files.push(stored);
      }
    }
    return { outputs: { files, left_out: leftOut }, changed: true };
  },
  repeatable: true,
});

/** Undefined where there is nothing of the kind. What cannot be read is told, and does not fail the backup. */
async function store(
  companion: Companion,
  repository: WritableRepository,
  context: ActionContext,
): Promise<StoredFile | LeftOut | undefined> {
  const { name, kind, instance } = companion;
  let text: string | undefined;
  try {
    text = await companion.read();
  } catch (error) {
    context.signal.throwIfAborted();
    return { what: name, why: messageOf(error) };
  }
  if (text === undefined) return undefined;
  context.progress(name);
  const { store, packing, signal } = repository;
  const folder = backupFolder(context.deployment.name, context.life.id);
  return packFile(store, folder, Readable.from([Buffer.from(text)]), packing, {
    name,
    kind,
    ...(instance === undefined ? {} : { instance }),
    estimate: Buffer.byteLength(text),
    signal,
  });
}

function topologyOf(context: ActionContext): Companion {
  return {
    name: "meta/topology.json",
    kind: "topology",
    secret: false,
    read: async () => `${JSON.stringify(await context.topology(), null, 2)}\n`,
  };
}

/** They are in the snapshot too; here they can be read without a server. None before 7.0. */
function functionsOf(instance: Instance, context: ActionContext): Companion {
  return {
    name: "meta/functions.json",
    kind: "functions",
    instance: instance.id,
    secret: false,
    async read() {
      const redis = await context.redis(instance);
      const libraries = await redis.command(["FUNCTION", "LIST", "WITHCODE"]).catch(() => undefined);
      if (!Array.isArray(libraries) || libraries.length === 0) return undefined;
      return `${JSON.stringify(libraries, null, 2)}\n`;
    },
  };
}

function ofInstance(instance: Instance, context: ActionContext): Companion[] {
  const { id, kind } = instance;
  const file = (
    name: string,
    fileKind: FileKind,
    secret: boolean,
    path: () => Promise<string | undefined>,
  ): Companion => ({
    name: `meta/${name}/${id}`,
    kind: fileKind,
    instance: id,
    secret,
    async read() {
      const found = await path();
      return found === undefined ? undefined : contentOf(found, instance, context);
    },
  });
  const configFile = () => fieldOf(instance, "config_file", context);
  if (kind === "sentinel") return [file("sentinel.conf", "sentinel-conf", true, configFile)];
  const users: Companion = {
    ...file("users.acl", "users-acl", true, () => directive(instance, "aclfile", context)),
    read: () => usersOf(instance, context),
  };
  const nodes = file("nodes.conf", "nodes-conf", false, () => nodesFile(instance, context));
  return [
    file("redis.conf", "redis-conf", true, configFile),
    users,
    ...(context.deployment.kind === "cluster" ? [nodes] : []),
  ];
}

/** The file of users; where they stand in redis.conf, what the server says of them, in the form of that file. */
async function usersOf(instance: Instance, context: ActionContext): Promise<string | undefined> {
  const path = await directive(instance, "aclfile", context);
  if (path !== undefined) return contentOf(path, instance, context);
  const redis = await context.redis(instance);
  const users = await redis.command(["ACL", "LIST"], { signal: context.signal });
  return Array.isArray(users) ? `${users.map(String).join("\n")}\n` : undefined;
}

async function nodesFile(instance: Instance, context: ActionContext): Promise<string | undefined> {
  const redis = await context.redis(instance);
  const { dir = "", "cluster-config-file": name = "nodes.conf" } = await readDirectives(redis, [
    "dir",
    "cluster-config-file",
  ]);
  return name.startsWith("/") ? name : `${dir}/${name}`;
}

async function directive(instance: Instance, name: string, context: ActionContext): Promise<string | undefined> {
  const values = await readDirectives(await context.redis(instance), [name]);
  return values[name] || undefined;
}

async function fieldOf(instance: Instance, name: string, context: ActionContext): Promise<string | undefined> {
  const info = await infoOf(await context.redis(instance), ["server"], context.signal);
  return field(info, name) || undefined;
}

/** Larger than any configuration. */
const MOST_BYTES = 16 * 1024 * 1024;

async function contentOf(path: string, { host }: Instance, context: ActionContext): Promise<string> {
  const shell = await context.shell(host);
  const how = { become: becomes(host), signal: context.signal, maxOutput: MOST_BYTES };
  const { code, stdout, stderr, truncated } = await shell.exec(["cat", "--", path], how);
  if (code !== 0 || truncated) throw new Error(stderr.trim() || `${path} is too large`);
  return stdout;
}
