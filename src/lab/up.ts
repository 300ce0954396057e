import { mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { systemCode } from "../core/files.ts";
import { claimNetwork } from "./addresses.ts";
import { createCertificates } from "./certificates.ts";
import { createCredentials, readCredentials } from "./credentials.ts";
import { createFolder, takeDown } from "./down.ts";
import { type Engine, findEngine } from "./engines.ts";
import { writeInventory } from "./inventory-file.ts";
import { withLabLock } from "./lock.ts";
import { checkLabName, labsRoot } from "./paths.ts";
import { statusOf } from "./ps.ts";
import { startLab, waitUntilReady } from "./ready.ts";
import { writeRedisConfigs } from "./redis-conf.ts";
import { startMissing } from "./restart.ts";
import type { LabUpResult } from "./results.ts";
import { type LabOptions, portsOf, shapeLab } from "./shape.ts";
import { type LabSpec, readSpec, writeSpec } from "./spec.ts";
import { prepareSsh } from "./ssh-setup.ts";
import { labUnwritable } from "./unwritable.ts";

/** What the system says where a file cannot be written, through no fault of ours. */
const UNWRITABLE: readonly unknown[] = ["EACCES", "EPERM", "EROFS", "ENOSPC", "EDQUOT"];

/**
 * Brings up a whole deployment of real processes on loopback and waits until all of it agrees.
 * What fails or is aborted on the way is taken down again. Fails with LAB_EXISTS where the name is in use, with
 * LAB_UNWRITABLE where there is no place for it.
 */
export async function labUp(
  options: LabOptions,
  report: (line: string) => void,
  signal?: AbortSignal,
): Promise<LabUpResult> {
  const started = performance.now();
  const name = checkLabName(options.name ?? "lab");
  const engine = await findEngine({ name: options.engine, directory: options.engineDir }, report);
  // A wrong number is told before anything is made.
  shapeLab(options, { name, folder: "", network: "", engine, at: new Date() });
  const folder = join(await makeRoot(labsRoot(options.root)), name);

  return withLabLock(`${folder}.lock`, `up --name ${name}`, async () => {
    const there = await readSpec(folder);
    const spec = there
      ? await reuse(there, options, engine, report, signal)
      : await build(options, { name, folder, engine }, report, signal);
    return { ...statusOf(spec), reused: there !== undefined, ready_ms: Math.round(performance.now() - started) };
  });
}

/** Makes the folder of all labs; its path without symbolic links. */
async function makeRoot(root: string): Promise<string> {
  try {
    await mkdir(root, { recursive: true, mode: 0o700 });
    return await realpath(root);
  } catch (error) {
    throw labUnwritable(root, error, "nothing was touched");
  }
}

async function build(
  options: LabOptions,
  place: { name: string; folder: string; engine: Engine },
  report: (line: string) => void,
  signal?: AbortSignal,
): Promise<LabSpec> {
  const leftover = await takeDown(place.name, place.folder);
  if (leftover) report("removed what an interrupted `lab up` had left");
  try {
    await createFolder(place.folder);
    const network = await claimNetwork(place.folder, Object.values(portsOf(options)));
    const spec = shapeLab(options, { ...place, network, at: new Date() });
    report(`${describe(spec)} on ${network}.0/24`);
    for (const process of spec.processes) await mkdir(process.folder, { recursive: true, mode: 0o700 });
    const credentials = await createCredentials(spec);
    await Promise.all([
      prepareSsh(spec),
      createCertificates(spec),
      writeRedisConfigs(spec, credentials),
      writeInventory(spec),
    ]);
    await startLab(spec, credentials, signal);
    await writeSpec(spec);
    return spec;
  } catch (error) {
    await takeDown(place.name, place.folder);
    if (signal?.aborted) throw signal.reason;
    throw afterTakingDown(error, place.folder);
  }
}

/** An error of a lab that has been taken down again: its log, which would be the next to look at, is gone with it. */
function afterTakingDown(error: unknown, folder: string): unknown {
  const state = "what had been made was removed again";
  if (UNWRITABLE.includes(systemCode(error))) return labUnwritable(folder, error, state);
  if (!(error instanceof RedishaError && error.code.startsWith("LAB_PROCESS_"))) return error;
  const { code, message, exit, host = "", cause } = error;
  return new RedishaError({ code, message, exit, host, state, next: [], cause });
}

async function reuse(
  there: LabSpec,
  options: LabOptions,
  engine: Engine,
  report: (line: string) => void,
  signal?: AbortSignal,
): Promise<LabSpec> {
  const network = there.hosts[0]?.address.split(".").slice(0, 3).join(".") ?? "";
  const asked = shapeLab(options, {
    name: there.name,
    folder: there.folder,
    network,
    engine,
    at: new Date(there.created_at),
  });
  const differs = differingKeys(there, asked);
  if (!options.reuse || differs.length > 0) {
    throw new RedishaError({
      code: "LAB_EXISTS",
      message: `there is a lab "${there.name}" already: ${describe(there)}${
        options.reuse ? `; what was asked for differs in ${differs.join(", ")}` : ""
      }`,
      exit: EXIT.usage,
      state: "nothing was touched",
      next: [
        ...(differs.length === 0
          ? [`redisha lab up --name ${there.name} --reuse (with the same flags): take it as it is`]
          : []),
        `redisha lab down --name ${there.name}`,
        "redisha lab up --name ANOTHER: a second lab beside it",
      ],
    });
  }
  report(`the lab "${there.name}" is there already`);
  const missing = await startMissing(there, signal);
  if (missing.length > 0) report(`started again: ${missing.join(", ")}`);
  await waitUntilReady(there, await readCredentials(there), signal);
  return there;
}

/** `sentinel: 3 data nodes, 3 Sentinels, redis 7.0.15, TLS, acl` */
function describe(spec: LabSpec): string {
  const count = (service: string): number => spec.processes.filter((process) => process.service === service).length;
  return [
    `${spec.topology}: ${count("redis")} data nodes`,
    ...(count("sentinel") > 0 ? [`${count("sentinel")} Sentinels`] : []),
    `${spec.engine.name} ${spec.engine.version}`,
    ...(spec.tls ? ["TLS"] : []),
    ...(spec.auth === "none" ? [] : [spec.auth === "acl" ? "ACL" : "password"]),
  ].join(", ");
}

function differingKeys(one: LabSpec, other: LabSpec): string[] {
  const theirs = new Map<string, unknown>(Object.entries(other));
  return Object.entries(one).flatMap(([key, value]) => (isDeepStrictEqual(value, theirs.get(key)) ? [] : [key]));
}
