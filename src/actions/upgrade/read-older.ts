import { posix } from "node:path";
import { type ConfLine, ConfSyntaxError, directivesOf, parseConf } from "../../conf/conf-file.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Instance } from "../../inventory/model.ts";
import { olderFile, olderNodes } from "../../upgrade/older-files.ts";
import { type Release, shown } from "../../upgrade/release.ts";
import type { ActionContext } from "../contract.ts";
import { onHostOf } from "../service/shell.ts";

/** A file of a server, and what an older release needs changed in it: commands of sed. */
interface FileToChange {
  readonly path: string;
  readonly edits: readonly string[];
  readonly dropped: readonly string[];
}

/** `$1` the file; nothing where it is not there. */
const READ = '[ ! -e "$1" ] || cat -- "$1"';

/**
 * Configuration, users and list of nodes of a server, held against what an older release reads. Fails with
 * ROLLBACK_CONFIG_REFUSED where something in them cannot be said to it.
 */
export async function readForOlder(
  instance: Instance,
  configFile: string,
  to: Release,
  context: ActionContext,
): Promise<FileToChange[]> {
  const read = (path: string) =>
    onHostOf(instance, context, READ, [path], {
      ...{ code: "UPGRADE_CONFIG_NOT_READ", what: `${path} cannot be read`, state: "nothing of it was changed" },
    });
  const conf = await read(configFile);
  const lines = linesOf(conf, configFile, instance);
  const said = (name: string) => directivesOf(lines).findLast((each) => each.name === name)?.values[0];
  const folder = said("dir") ?? posix.dirname(configFile);
  const users = said("aclfile");
  const texts = [{ path: configFile, text: conf }];
  if (users) texts.push({ path: users, text: await read(users) });
  const files = texts.map(({ path, text }) => ({ path, ...olderFile(text, to) }));
  const impossible = files.flatMap((file) => file.impossible);
  if (impossible.length > 0) throw cannotSay(instance, to, impossible);
  const nodes = posix.resolve(folder, said("cluster-config-file") ?? "nodes.conf");
  const clustered = said("cluster-enabled") === "yes";
  return clustered ? [...files, { path: nodes, edits: olderNodes(to), dropped: [] }] : files;
}

function linesOf(text: string, path: string, { id }: Instance): ConfLine[] {
  try {
    return parseConf(text);
  } catch (error) {
    if (!(error instanceof ConfSyntaxError)) throw error;
    throw new RedishaError({
      code: "UPGRADE_CONFIG_NOT_READ",
      message: `${path} cannot be read: ${error.message}.`,
      host: id,
      exit: EXIT.gateRefused,
      state: "nothing of it was changed",
    });
  }
}

function cannotSay({ id }: Instance, to: Release, impossible: readonly string[]): RedishaError {
  return new RedishaError({
    code: "ROLLBACK_CONFIG_REFUSED",
    message: `${shown(to)} cannot be told what ${id} is told now: ${impossible.join("; ")}.`,
    host: id,
    exit: EXIT.gateRefused,
    state: "nothing of it was changed",
    next: [
      "change these users to what the older release knows: redis-cli ACL SETUSER, then CONFIG REWRITE or ACL SAVE",
    ],
  });
}
