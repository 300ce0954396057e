import { readFile } from "node:fs/promises";
import { dirname, posix } from "node:path";
import type { RedisConnection } from "../../connect/types.ts";
import { scrubber } from "../../core/scrub.ts";
import type { Deployment, Instance } from "../../inventory/model.ts";
import { ownEndpoint } from "../../inventory/ports.ts";

/** How a host's own redis-cli reaches an instance. */
export interface RedisRoute {
  /** Where redis-cli may be, beside the host's PATH: paths, the best first. */
  readonly candidates: readonly string[];
  /** Options of redis-cli; `@ca` stands for the file that the CA's certificate is written to on the host. */
  readonly options: readonly string[];
  readonly ca: string;
  readonly password: string | undefined;
}

/**
 * Works out how the host reaches the instance, from what the deployment says and the server tells of itself. The CA's
 * certificate goes along, since the file of it is the operator's; a client's key does not: where one is needed, the
 * server's own stands in for it.
 */
export async function redisRouteOf(
  { auth, tls, engine }: Deployment,
  instance: Instance,
  connection: RedisConnection,
): Promise<RedisRoute> {
  const { username, password } = instance.kind === "sentinel" ? auth.sentinel : auth.data;
  const { address, port } = ownEndpoint(instance);
  const options = ["-h", address, "-p", String(port)];
  if (tls) options.push("--tls");
  if (tls?.ca !== undefined) options.push("--cacert", "@ca");
  if (tls?.cert !== undefined) options.push(...(await serversOwnKey(connection)));
  if (username !== undefined) options.push("--user", username);
  const value = await password?.();
  if (value !== undefined) scrubber.learn(value);
  return {
    candidates: [
      ...(await foldersOf(connection)),
      ...(engine.directory ? [posix.join(engine.directory, "bin")] : []),
    ].flatMap((folder) => [`${folder}/redis-cli`, `${folder}/valkey-cli`]),
    options,
    ca: tls?.ca === undefined ? "" : await readFile(tls.ca, "utf8"),
    password: value,
  };
}

/** The folder of the running server's program: its redis-cli is of the same version. */
async function foldersOf(connection: RedisConnection): Promise<string[]> {
  const info = await connection.command(["INFO", "server"]).catch(() => "");
  const executable = /^executable:(\/.+?)\r?$/m.exec(String(info))?.[1];
  return executable === undefined ? [] : [dirname(executable)];
}

async function serversOwnKey(connection: RedisConnection): Promise<string[]> {
  const reply = await connection.command(["CONFIG", "GET", "tls-*-file"]);
  const words = Array.isArray(reply) ? reply.map(String) : [];
  const value = (name: string) => words[words.indexOf(name) + 1] ?? "";
  const [cert, key] = [value("tls-cert-file"), value("tls-key-file")];
  return words.length > 0 && cert && key ? ["--cert", cert, "--key", key] : [];
}
