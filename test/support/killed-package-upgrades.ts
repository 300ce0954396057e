import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { showRun } from "../../src/use-cases/runs.ts";
import { afterwards, standOf } from "../fleet/broken-upgrade.ts";
import { deploySentinel } from "../fleet/harness/deploy-sentinel.ts";
import type { FleetDeployment } from "../fleet/harness/deployment.ts";
import { bootFleet, type Fleet } from "../fleet/harness/fleet.ts";
import { offerPool } from "../fleet/harness/releases.ts";
import { servedBy } from "../fleet/served-by.ts";
import type { Moment } from "./killed-upgrades.ts";
import { redisha } from "./redisha.ts";
import { lostOf, startWriters, type Writers } from "./writers.ts";

const FROM = "7.0.15";
const TO = "8.0.2";

/**
 * What is done behind a kill: `resume` the run; `rollback` it; or `return`, which is to go back behind the point of no return,
 * without loss where that can be, else by the backup that the upgrade made.
 */
export type Way = "resume" | "rollback" | "return";

/** Three hosts with Sentinel and Redis 7.0.15 by packages of Debian, which are offered 8.0, too. */
export interface PackagePlace extends AsyncDisposable {
  readonly fleet: Fleet;
  readonly deployment: FleetDeployment;
  /** What runs there and is installed. */
  readonly before: readonly string[];
  /** Its runs and its backups. */
  readonly env: { readonly REDISHA_STATE_DIR: string };
}

export async function packagePlace(): Promise<PackagePlace> {
  const folder = await mkdtemp(join(tmpdir(), "redisha-packages-"));
  const fleet = await bootFleet({ hosts: 3 });
  const dispose = async () => {
    await fleet.down();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const inventory = { backup: { repository: join(folder, "repository") } };
    const deployment = await deploySentinel(fleet, { downAfterMs: 5_000, inventory });
    for (const host of fleet.hosts) await offerPool(host, "bookworm-from-trixie");
    const env = { REDISHA_STATE_DIR: join(folder, "state") };
    return { fleet, deployment, env, before: await standOf(fleet, deployment), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Every op of an upgrade that changes something, as the journal of one has them that nobody disturbs. */
export async function momentsOfPackages({ deployment, env }: PackagePlace): Promise<Moment[]> {
  const { code, stderr } = await redisha(upgradeOf(deployment, "resume"), { env });
  if (code !== 0) throw new Error(`the calm upgrade ended with ${code}: ${stderr}`);
  const { lines } = await showRun("last", { ...process.env, ...env });
  const committed = lines.findIndex(({ kind }) => kind === "point_of_no_return");
  return lines.flatMap((line, at) =>
    line.kind === "intent" && !line.undo ? [{ step: line.step, target: line.target, committed: at > committed }] : [],
  );
}

/**
 * Kills an upgrade under writers as one of its ops begins, and goes on or back. Gives what is not as it should be, a sentence
 * each. Where everything is as it was before, the hosts may be used again.
 */
export async function killedByPackages(place: PackagePlace, moment: Moment, way: Way): Promise<string[]> {
  const { fleet, deployment, env } = place;
  const writers = startWriters(servedBy(fleet), 8);
  await delay(500);
  const wrong: string[] = [];
  try {
    await killAt(place, moment, way);
    const kept = way === "return" ? await returnFrom(place, writers, wrong) : writers;
    if (way !== "return") {
      const { code, said } = await afterwards(deployment, way, env);
      if (code !== 0) wrong.push(`${way} ended with ${code}: ${said}`);
    }
    await deployment.settled(180_000).catch((error: unknown) => wrong.push(String(error)));
    await delay(300);
    await writers.stop();
    const [primary = ""] = await deployment.primaries();
    const lost = await lostOf(deployment, primary, kept);
    if (lost.length > 0) wrong.push(`${lost.length} of ${kept.acked.length} acknowledged writes are lost`);
    if (writers.acked.length < 100) wrong.push(`only ${writers.acked.length} writes got through`);
    wrong.push(...(await notAsWanted(place, way)));
  } finally {
    await writers.stop();
  }
  return wrong.map((what) => `${moment.step}@${moment.target}, ${way}: ${what}`);
}

/** With a backup where that is to lead back. */
function upgradeOf(deployment: FleetDeployment, way: Way): string[] {
  const backup = way === "return" ? [] : ["--waive", "backup"];
  const to = ["--file", deployment.file, "--to", TO, "--soak", "0s"];
  return ["upgrade", ...to, ...backup, "--confirm", "fleet", "-o", "jsonl"];
}

async function killAt({ deployment, env }: PackagePlace, { step, target }: Moment, way: Way): Promise<void> {
  const begun = `"type":"op_started","step":"${step}","target":"${target}"`;
  const { signal, stdout, stderr } = await redisha(upgradeOf(deployment, way), {
    env,
    onStdout: (text, kill) => {
      if (text.includes(begun)) kill("SIGKILL");
    },
  });
  if (signal !== "SIGKILL") throw new Error(`it was not killed: ${stdout.slice(-1_500)}${stderr.slice(-500)}`);
}

/** The lock of a dead process ends by itself. Taken away by force, what its hosts put back by then would be found as it is. */
async function onceUnlocked(argv: readonly string[], env: PackagePlace["env"]) {
  for (let tries = 0; ; tries += 1) {
    const ended = await redisha([...argv], { env });
    if (ended.code !== 5 || tries === 60) return ended;
    await delay(5_000);
  }
}

/** Goes back behind the point of no return; gives the writes of which none may be missing. */
async function returnFrom(
  { deployment, env }: PackagePlace,
  writers: Writers,
  wrong: string[],
): Promise<Pick<Writers, "acked">> {
  const refused = await afterwards(deployment, "rollback", env);
  if (refused.code !== 4)
    wrong.push(`runs rollback ended with ${refused.code}, and was to be refused: ${refused.said}`);
  const back = ["rollback", "--file", deployment.file, "--to", FROM, "--confirm", "fleet", "--json"];
  const refusedOrDone = () => onceUnlocked([...back, "--soak", "0s", "--waive", "backup"], env);
  let straight = await refusedOrDone();
  if (straight.code === 4 && JSON.parse(straight.stdout).error?.code === "UPGRADE_NODE_SILENT") {
    // One is away: it comes back by going on.
    const on = await afterwards(deployment, "resume", env);
    if (on.code !== 0) wrong.push(`runs resume ended with ${on.code}, before going back: ${on.said}`);
    straight = await refusedOrDone();
  }
  if (straight.code === 0) return writers;
  const { error } = JSON.parse(straight.stdout);
  if (!String(error?.state).includes("would lose")) wrong.push(`no loss was announced: ${JSON.stringify(error)}`);
  await writers.stop();
  const { code, stdout, stderr } = await onceUnlocked([...back, "--lose", "1gb"], env);
  if (code !== 0) {
    wrong.push(`going back by the backup ended with ${code}: ${stdout.slice(-2_000)}${stderr.slice(-500)}`);
    return writers;
  }
  const { lost } = JSON.parse(stdout).result.outputs;
  const [primary = ""] = await deployment.primaries();
  const gone = await lostOf(deployment, primary, writers);
  // A write is more than ten bytes of the stream of replication.
  if (lost.bytes < gone.length * 10)
    wrong.push(`${gone.length} writes are lost, and ${lost.bytes} bytes were announced`);
  return { acked: writers.acked.filter(({ at }) => performance.timeOrigin + at < Date.parse(lost.since)) };
}

async function notAsWanted({ fleet, deployment, before }: PackagePlace, way: Way): Promise<string[]> {
  const is = await standOf(fleet, deployment);
  if (way === "rollback") return is.filter((line, at) => line !== before[at]);
  const wanted = way === "resume" ? TO : FROM;
  // Going back by a backup leaves whom an upgrade was about to bring up kept from promotion, as the guide says.
  const priority = way === "resume" ? "100" : "(0|100)";
  const right = new RegExp(`^runs ${wanted}, priority ${priority}; ii 5:${wanted}[^;]*$`);
  const sentinels = await Promise.all(fleet.hosts.map(({ name }) => deployment.cli(`${name}:26379`, "INFO", "server")));
  return [
    ...is.filter((line) => !right.test(line)),
    ...sentinels.flatMap((info, at) =>
      info.includes(`redis_version:${wanted}`)
        ? []
        : [`the Sentinel of ${fleet.hosts[at]?.name} is of another release`],
    ),
  ];
}
