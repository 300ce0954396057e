import { randomBytes } from "node:crypto";
import { copyFile, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Redis } from "ioredis";
import type { TestLab } from "./lab.ts";

/** A password that the lab's servers have, and one that they are to have. */
export interface Passwords {
  readonly old: string;
  readonly new: string;
}

/** Gives every login of a lab's redisha.yaml a new password beside the one it has; gives those of the operator. */
export async function giveNewPasswords(lab: TestLab): Promise<Passwords> {
  const folder = join(lab.status.folder, "secrets");
  const files = (await readdir(folder)).filter((name) => name.endsWith(".password"));
  for (const name of files) {
    await copyFile(join(folder, name), join(folder, name.replace(".password", ".old")));
    await writeFile(join(folder, name), `${randomBytes(24).toString("base64url")}\n`, { mode: 0o600 });
  }
  const text = await readFile(lab.file, "utf8");
  const both = text.replace(
    /password: \{ file: secrets\/(\w+)\.password \}(?!, previous)/g,
    "password: { file: secrets/$1.password }, previous_password: { file: secrets/$1.old }",
  );
  if (!both.includes("previous_password")) throw new Error("the lab's redisha.yaml has no password");
  await writeFile(lab.file, both);
  const read = async (name: string) => (await readFile(join(folder, name), "utf8")).trim();
  return { old: await read("operator.old"), new: await read("operator.password") };
}

export interface Load {
  /** Whatever any command or login was answered that is no success. */
  readonly failed: readonly string[];
  readonly done: () => number;
  stop(): Promise<void>;
}

/**
 * Clients of every server: half of them log in anew for every few commands, half stay. With several passwords they know all of
 * them, as an application does that is told the new one before the old one goes.
 */
export function startLoad(lab: TestLab, ...passwords: readonly (string | undefined)[]): Load {
  const data = lab.status.processes.filter(({ service }) => service === "redis");
  const failed: string[] = [];
  let done = 0;
  let on = true;
  const work = async ({ id, address, port }: (typeof data)[number], stays: boolean): Promise<void> => {
    let client: Redis | undefined;
    for (let n = 0; on; n += 1) {
      try {
        client ??= await connectByAny(lab, address, port, passwords);
        // A primary's own or a replica's, in a Cluster too.
        await client.call("DBSIZE");
        done += 1;
      } catch (error) {
        failed.push(`${id}: ${error instanceof Error ? error.message : String(error)}`);
        client?.disconnect();
        client = undefined;
        await delay(50);
      }
      if (!stays && n % 5 === 4) {
        client?.disconnect();
        client = undefined;
      }
      await delay(5);
    }
    client?.disconnect();
  };
  const all = Promise.all(data.flatMap((node) => [work(node, true), work(node, false)]));
  return {
    failed,
    done: () => done,
    async stop() {
      on = false;
      await all;
    },
  };
}

/** Logs in with the first password that is taken. */
async function connectByAny(
  lab: TestLab,
  host: string,
  port: number,
  [first, ...others]: readonly (string | undefined)[],
): Promise<Redis> {
  try {
    return await connect(lab, host, port, first);
  } catch (error) {
    if (others.length === 0 || !String(error).includes("WRONGPASS")) throw error;
    return connectByAny(lab, host, port, others);
  }
}

/** Logs in as an application would; fails as that would. */
export async function connect(lab: TestLab, host: string, port: number, password: string | undefined): Promise<Redis> {
  const ca = lab.status.tls ? await readFile(join(lab.status.folder, "tls", "ca.crt"), "utf8") : undefined;
  const client = new Redis({
    host,
    port,
    ...(password === undefined ? {} : { password }),
    // The certificate of whoever answers is verified, its names too.
    ...(ca === undefined ? {} : { tls: { ca } }),
    ...(lab.status.auth === "acl" ? { username: "redisha" } : {}),
    lazyConnect: true,
    protocol: 2,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
    enableReadyCheck: false,
    disableClientInfo: true,
  });
  let refusal: unknown;
  client.on("error", (error) => {
    refusal = error;
  });
  await client.connect().catch((error: unknown) => {
    // That it was closed says less than why.
    throw refusal ?? error;
  });
  return client;
}
