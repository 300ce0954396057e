import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { packagePath } from "../../src/core/package-root.ts";
import { ENGINE_ROOT, type EngineUnderTest } from "./engines.ts";
import type { TestLab } from "./lab.ts";
import { type Ended, redisha } from "./redisha.ts";

/** What each engine says of itself. */
export const VERSIONS: Readonly<Record<EngineUnderTest, string>> = {
  "redis-6.0": "6.0.16",
  "redis-7.0": "7.0.15",
  "redis-8.0": "8.0.2",
  "valkey-8.1": "8.1.1",
  "valkey-9.1": "9.1.2",
};

/** Flags by which a lab is brought to an engine. */
function towards(lab: TestLab, engine: EngineUnderTest, version = VERSIONS[engine]): string[] {
  const to = ["--to", version, "--directory", join(ENGINE_ROOT, engine)];
  return ["--file", lab.file, ...to, "--waive", "backup", "--soak", "0s", "--confirm", lab.status.name];
}

/** Upgrades a lab by the program itself, whose runs are kept with the lab; `version` is asked for where it is not the engine's. */
export function upgrade(lab: TestLab, engine: EngineUnderTest, version?: string): Promise<Ended> {
  const project = ["--engine", engine.replace(/-.*/, "")];
  return redisha(["upgrade", "--json", ...towards(lab, engine, version), ...project], { env: stateOf(lab) });
}

/** Upgrades a lab and leaves one of its replicas for the way back; behind a backup where it has a repository. */
export function upgradeWithStandby(
  lab: TestLab,
  engine: EngineUnderTest,
  standby: string,
  { backup = false }: { readonly backup?: boolean } = {},
): Promise<Ended> {
  const to = towards(lab, engine).filter((flag) => !backup || !["--waive", "backup"].includes(flag));
  return redisha(["upgrade", "--json", ...to, "--standby", standby], { env: stateOf(lab) });
}

/** Upgrades a lab with a repository over one engine to another, in one run, behind a backup. */
export function upgradeOver(lab: TestLab, via: EngineUnderTest, engine: EngineUnderTest, ...flags: string[]) {
  const to = towards(lab, engine).filter((flag) => !["--waive", "backup"].includes(flag));
  const over = ["--via", VERSIONS[via], "--via-directory", join(ENGINE_ROOT, via), "--between", "2s"];
  return redisha(["upgrade", "--json", ...to, ...over, ...flags], { env: stateOf(lab) });
}

/** Upgrades a lab with a repository behind a backup. */
export function upgradeBehindBackup(lab: TestLab, engine: EngineUnderTest): Promise<Ended> {
  const to = towards(lab, engine).filter((flag) => !["--waive", "backup"].includes(flag));
  const project = ["--engine", engine.replace(/-.*/, "")];
  return redisha(["upgrade", "--json", ...to, ...project], { env: stateOf(lab) });
}

/** Goes back to an engine by the backup that the upgrade made, and loses so much at most. */
export function goBackByBackup(lab: TestLab, engine: EngineUnderTest, lose: string): Promise<Ended> {
  return redisha(["rollback", "--json", ...towards(lab, engine), "--lose", lose], { env: stateOf(lab) });
}

/** Goes back to an engine by the program itself, with the runs of the lab at hand, or those of another folder. */
export function goBack(lab: TestLab, engine: EngineUnderTest, state?: string): Promise<Ended> {
  const env = state === undefined ? stateOf(lab) : { REDISHA_STATE_DIR: state };
  return redisha(["rollback", "--json", ...towards(lab, engine)], { env });
}

/** Starts an upgrade, to be killed on the way; its standard output is the run's events. */
export function startUpgrade(lab: TestLab, engine: EngineUnderTest): ChildProcess {
  return start(lab, ["upgrade", ...towards(lab, engine)]);
}

/** Starts a restart of everything, to be killed on the way. */
export function startRestart(lab: TestLab): ChildProcess {
  return start(lab, ["restart", "--file", lab.file, "--soak", "0s", "--yes"]);
}

function start(lab: TestLab, argv: readonly string[]): ChildProcess {
  return spawn(process.execPath, [packagePath("bin", "run.js"), ...argv, "-o", "jsonl"], {
    env: { ...process.env, ...stateOf(lab) },
    stdio: ["ignore", "pipe", "ignore"],
  });
}

/** Goes on with a run of the lab, or takes it back. */
export function afterUpgrade(lab: TestLab, how: "resume" | "rollback", run = "last"): Promise<Ended> {
  const confirm = ["--confirm", lab.status.name];
  return redisha(["runs", how, run, "--yes", ...confirm, "--file", lab.file], { env: stateOf(lab) });
}

/** The environment in which the runs of a lab are kept with it. */
export function stateOf({ root }: TestLab): { REDISHA_STATE_DIR: string } {
  return { REDISHA_STATE_DIR: join(root, "state") };
}
