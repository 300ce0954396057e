import { expect } from "vitest";
import { loadInventory } from "../../src/inventory/load-inventory.ts";
import { listBackups } from "../../src/use-cases/backup/list-backups.ts";
import { redisha } from "./redisha.ts";

/** `redisha backup follow`, as a process of its own. */
export function following(file: string, every = "300ms") {
  let said = "";
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  const ended = redisha(["backup", "follow", "--file", file, "--every", every], {
    onStart: (send) => {
      kill = send;
    },
    onStderr: (text) => {
      said = text;
    },
  });
  const crash = async (): Promise<void> => {
    kill("SIGKILL");
    await ended;
  };
  return {
    says: (pattern: RegExp) => expect.poll(() => said, { timeout: 60_000 }).toMatch(pattern),
    /** It looks at nothing until it is let go on. */
    freeze: () => kill("SIGSTOP"),
    goOn: () => kill("SIGCONT"),
    /** The same at the end of a look, whose last words are up to when all is stored; where looks are far apart, in the midst of none. */
    async freezeBetweenLooks() {
      const before = await reachOf(file);
      await expect.poll(() => reachOf(file), { timeout: 60_000 }).toBeGreaterThan(before);
      kill("SIGSTOP");
    },
    /** As a crash ends it. */
    kill: crash,
    [Symbol.asyncDispose]: crash,
    async stop() {
      kill("SIGTERM");
      return ended;
    },
  };
}

/** What `redisha backup list` says of what is followed. */
export async function followedOf(file: string): Promise<string> {
  const { stdout } = await redisha(["backup", "list", "--file", file]);
  return stdout.slice(stdout.indexOf("followed:"));
}

/** Unix seconds up to which everything can be restored; 0 where nothing can. */
export async function reachOf(file: string): Promise<number> {
  const { deployments } = await loadInventory(file);
  const [deployment] = deployments;
  if (!deployment) throw new Error("the lab has no deployment");
  const { followed } = await listBackups(deployment, new AbortController().signal);
  const last = followed.at(-1);
  return last ? Date.parse(last.to) / 1_000 : 0;
}
