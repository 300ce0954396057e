import type { RedisConnection } from "../../connect/types.ts";
import type { Deployment } from "../../inventory/model.ts";
import { field } from "../../topology/parse/info.ts";
import { infoOf } from "./save/persistence.ts";

/**
 * Where a checking program of the server's own version may be, best first: beside the program that runs, in the folder
 * that redisha.yaml names, on the path. Redis and Valkey ship it under their own names, packages of Valkey under both.
 */
export async function toolCandidates(
  tool: "check-rdb" | "check-aof",
  connection: RedisConnection,
  { engine }: Deployment,
  signal: AbortSignal,
): Promise<string[]> {
  const info = await infoOf(connection, ["server"], signal);
  return toolsBeside(tool, field(info, "executable") ?? "", { engine }, field(info, "valkey_version") !== null);
}

/** The same, of a server whose program is known; it need not run. */
export function toolsBeside(
  tool: "check-rdb" | "check-aof",
  executable: string,
  { engine }: Pick<Deployment, "engine">,
  valkey = engine.name === "valkey",
): string[] {
  const folders = [
    ...(executable.includes("/") ? [executable.slice(0, executable.lastIndexOf("/"))] : []),
    ...(engine.directory === undefined ? [] : [`${engine.directory}/bin`, engine.directory]),
  ];
  const names = valkey ? ["valkey", "redis"] : ["redis", "valkey"];
  // A wrapper in `bin` sets paths that the bare program beside the running one may lack: each is tried before it is used.
  return [
    ...folders.flatMap((folder) => names.map((name) => `${folder}/${name}-${tool}`)),
    ...names.map((name) => `${name}-${tool}`),
  ];
}

/**
 * A shell function `find_tool CANDIDATE…` that sets `tool` to the first that runs, and to nothing where none does. Called
 * without a file, each of them prints its usage.
 */
export const FIND_TOOL = `
find_tool() {
  tool=
  for candidate in "$@"; do
    command -v -- "$candidate" >/dev/null 2>&1 || continue
    case $("$candidate" 2>&1 </dev/null) in *[Uu]sage*) tool=$candidate; return ;; esac
  done
}
gently() {
  if command -v ionice >/dev/null 2>&1; then nice -n 10 ionice -c 2 -n 7 "$@"; else nice -n 10 "$@"; fi
}`;
