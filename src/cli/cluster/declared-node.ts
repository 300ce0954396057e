import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Deployment } from "../../inventory/model.ts";

/**
 * The instance that is meant by `host:port`, `address:port`, or a host or address with one instance on it: what is not in
 * redisha.yaml cannot be reached, and would be a stranger to every other command.
 *
 * @throws {RedishaError} CLUSTER_NODE_NOT_DECLARED, exit 2, with what to write there.
 */
export function declaredNode(name: string, { instances, file }: Deployment): string {
  const data = instances.filter(({ kind }) => kind === "data");
  const named = (each: (typeof data)[number]) => [each.id, `${each.address}:${each.port}`].includes(name);
  const onHost = data.filter(({ host }) => host.name === name || host.address === name);
  const found = data.find(named) ?? (onHost.length === 1 ? onHost[0] : undefined);
  if (found) return found.id;
  const host = name.replace(/:\d+$/, "");
  const port = /:(\d+)$/.exec(name)?.[1];
  throw new RedishaError({
    code: "CLUSTER_NODE_NOT_DECLARED",
    message:
      onHost.length > 1
        ? `There are several servers on ${name}: ${onHost.map(({ id }) => id).join(", ")}.`
        : `${name} is not in redisha.yaml.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next:
      onHost.length > 1
        ? ["name one of them"]
        : [
            `in ${file}, under hosts:  ${host}: { address: …, zone: … }`,
            `and under redis:  on: [ …, ${port === undefined ? host : `"${host}:${port}"`} ]`,
            "then the same command again; redisha init sets up a server that is not there yet",
          ],
  });
}
