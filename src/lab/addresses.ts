import { lstat, mkdir, readdir, readFile, rm, rmdir, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RedishaError } from "../core/errors.ts";
import { systemCode } from "../core/files.ts";
import { withLabLock } from "./lock.ts";
import { removeLocks } from "./locks.ts";
import { healPartitions } from "./partitions.ts";

/** Labs live in 127.77.0.0/24, 127.77.1.0/24 … 127.92.255.0/24: away from 127.0.0.x, which people use by hand. */
const FIRST_NETWORK = 77;
const NETWORKS = 16 * 256;
/** After so many networks in a row with a port taken, an address that no lab ever has tells whether it is taken on all. */
const TAKEN_IN_A_ROW = 8;
const NO_LABS_ADDRESS = "127.200.77.1";
/** The name of a claim. */
const NETWORK = /^\d+\.\d+\.\d+$/;

/**
 * Claims a /24 of 127.0.0.0/8 for the lab in `folder`, as one file per network in a folder that all labs of this user
 * share, and tries the ports on its first address, since labs of other users leave their claims elsewhere.
 * Returns the first three numbers, e.g. `127.77.0`. Fails with LAB_PORT_TAKEN or LAB_NO_ADDRESSES.
 */
export async function claimNetwork(folder: string, ports: readonly number[]): Promise<string> {
  let takenInARow = 0;
  for (let index = 0; index < NETWORKS; index += 1) {
    const network = `127.${FIRST_NETWORK + Math.floor(index / 256)}.${index % 256}`;
    if (!(await claim(network, folder))) continue;
    const taken = await firstTaken(`${network}.11`, ports);
    if (taken === undefined) return network;
    await rm(join(claimsFolder(), network), { force: true });
    takenInARow += 1;
    if (takenInARow % TAKEN_IN_A_ROW === 0 && (await tryToListen(NO_LABS_ADDRESS, taken.port)) !== undefined) {
      throw portTaken(taken);
    }
  }
  throw new RedishaError({
    code: "LAB_NO_ADDRESSES",
    message: `all ${NETWORKS} networks for labs are claimed`,
    next: ["redisha lab down --all", `ls ${claimsFolder()}`],
  });
}

/** Gives back what the lab in `folder` claimed, healed and unlocked, and with it the claims of labs that are no longer there. */
export async function releaseNetworks(folder: string): Promise<void> {
  const claimed = await readdir(claimsFolder()).catch(() => []);
  for (const network of claimed.filter((name) => NETWORK.test(name))) {
    if (await isOver(network, folder)) await release(network, folder);
  }
  await rmdir(claimsFolder()).catch(() => undefined);
}

/**
 * One at a time: a lab that goes down and the next one, which finds its claim to be an orphan's, would both give it back,
 * the later of them when a third has claimed the network already.
 */
async function release(network: string, folder: string): Promise<void> {
  const path = join(claimsFolder(), network);
  try {
    await withLabLock(`${path}.lock`, `release ${network}`, async () => {
      if (!(await isOver(network, folder))) return;
      await healPartitions(network);
      await removeLocks(network);
      await rm(path, { force: true });
    });
  } catch (error) {
    // Another is at it, or was, and has taken the empty folder away.
    if (!(await exists(path))) return;
    if (!(error instanceof RedishaError && error.code === "LAB_BUSY")) throw error;
    await sleep(20);
    if (await isOver(network, folder)) await release(network, folder);
  }
}

/** A lab's folder is made before its claim and an empty claim is one being written: neither is mistaken for an orphan. */
async function isOver(network: string, folder: string): Promise<boolean> {
  const owner = await readFile(join(claimsFolder(), network), "utf8").catch(() => "");
  return owner === folder || (owner !== "" && !(await exists(owner)));
}

function claimsFolder(): string {
  return join(tmpdir(), `redisha-lab-networks-${userInfo().uid}`);
}

async function claim(network: string, folder: string): Promise<boolean> {
  await mkdir(claimsFolder(), { recursive: true, mode: 0o700 });
  const owner = await lstat(claimsFolder()).catch((error: unknown) => {
    if (systemCode(error) !== "ENOENT") throw error;
  });
  // Another lab gave the last claim back and removed the folder in the meantime.
  if (!owner) return claim(network, folder);
  if (!owner.isDirectory() || owner.uid !== userInfo().uid) {
    throw new RedishaError({
      code: "LAB_CLAIMS_UNSAFE",
      message: `${claimsFolder()} is not a folder of yours: somebody else made it`,
      next: [`ls -ld ${claimsFolder()}`, "set TMPDIR to a folder of your own"],
    });
  }
  try {
    await writeFile(join(claimsFolder(), network), folder, { flag: "wx", mode: 0o600 });
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code === "EEXIST") return false;
    if (code === "ENOENT") return claim(network, folder);
    throw error;
  }
}

async function firstTaken(
  address: string,
  ports: readonly number[],
): Promise<{ port: number; code: string } | undefined> {
  for (const port of ports) {
    const code = await tryToListen(address, port);
    if (code !== undefined) return { port, code };
  }
  return undefined;
}

function tryToListen(address: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    server.listen(port, address, () => server.close(() => resolve(undefined)));
  });
}

function portTaken(taken: { port: number; code: string }): RedishaError {
  return new RedishaError({
    code: "LAB_PORT_TAKEN",
    message:
      taken.code === "EADDRINUSE"
        ? `port ${taken.port} is taken on every loopback address: a server of this machine listens on 0.0.0.0`
        : `port ${taken.port} cannot be listened on: ${taken.code}`,
    state: "nothing was started",
    next: [`ss -ltnp sport = :${taken.port}`, "redisha lab up --port 7379 --sentinel-port 27379 --ssh-port 2223"],
  });
}

function exists(path: string): Promise<boolean> {
  return lstat(path).then(
    () => true,
    () => false,
  );
}
