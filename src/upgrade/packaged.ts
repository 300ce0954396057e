/** What runs a server: its unit, and the configuration file that it was started with. */
interface Run {
  readonly unit: string | null;
  readonly config_file: string;
}

/** The same server as packages of Debian run it under one project and under another. */
export interface Carriage {
  readonly from: string;
  readonly to: string;
  readonly unit: string;
  readonly file: string;
  readonly program: string;
}

/**
 * What runs a server under packages of another project, where it is run as those of its own do it: packages of Redis and of
 * Valkey differ in names alone. `redis-server@6380.service` with `/etc/redis/redis-6380.conf` becomes
 * `valkey-server@6380.service` with `/etc/valkey/valkey-6380.conf`. Undefined where it is run in any other way.
 */
export function carriage({ unit, config_file }: Run, to: string): Carriage | undefined {
  const [, from = "", kind = "", name] =
    /^(redis|valkey)-(server|sentinel)(?:@([\w.:-]+))?\.service$/.exec(unit ?? "") ?? [];
  if (from === "") return undefined;
  const fileOf = (project: string) =>
    `/etc/${project}/${kind === "server" ? project : kind}${name === undefined ? "" : `-${name}`}.conf`;
  if (config_file !== fileOf(from)) return undefined;
  return {
    ...{ from, to, file: fileOf(to), program: `/usr/bin/${to}-${kind}` },
    unit: `${to}-${kind}${name === undefined ? "" : `@${name}`}.service`,
  };
}
