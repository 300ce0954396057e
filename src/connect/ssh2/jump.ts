import type { Client } from "ssh2";
import { jumpFailed } from "../ssh-errors.ts";
import { type Access, openHop } from "./open.ts";
import type { Hop } from "./route.ts";

/** A jump host that is logged in to, for as long as somebody connects through it. */
export interface Jump {
  readonly client: Client;
  /** Says that this user needs it no more; the last one closes it. */
  release(): void;
}

interface Shared {
  readonly opening: Promise<Client>;
  readonly before: Promise<Jump> | undefined;
  users: number;
}

/** By the way that leads there. A fleet behind one bastion logs in to it once: sshd drops logins beyond MaxStartups. */
const jumps = new Map<string, Shared>();

/** Logs in to the last of these hops, each through the one before it, sharing every login that is there already. */
export async function acquireJump(host: string, hops: readonly Hop[], access: Access): Promise<Jump> {
  const last = hops.at(-1);
  if (!last) throw new RangeError("a jump needs a hop");
  const key = JSON.stringify(hops);
  const shared = jumps.get(key) ?? open(key, host, hops, last, access);
  shared.users += 1;
  let released = false;
  const release = () => {
    if (released) return;
    released = true;
    shared.users -= 1;
    if (shared.users === 0) void close(key, shared);
  };
  try {
    return { client: await shared.opening, release };
  } catch (error) {
    release();
    throw error;
  }
}

function open(key: string, host: string, hops: readonly Hop[], last: Hop, access: Access): Shared {
  const earlier = hops.slice(0, -1);
  const before = earlier.length > 0 ? acquireJump(host, earlier, access) : undefined;
  before?.catch(() => undefined);
  const through = before ? async () => (await before).client : undefined;
  const opening = openHop(last, access, through).catch((error: unknown) => {
    // The hop that failed is named once, however many come after it.
    throw isJumpFailure(error) ? error : jumpFailed(host, last.label, error);
  });
  const shared: Shared = { opening, before, users: 0 };
  jumps.set(key, shared);
  opening.then(
    (client) => client.once("close", () => forget(key, shared)),
    () => forget(key, shared),
  );
  return shared;
}

function isJumpFailure(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "SSH_JUMP_FAILED";
}

function forget(key: string, shared: Shared): void {
  if (jumps.get(key) === shared) jumps.delete(key);
}

async function close(key: string, shared: Shared): Promise<void> {
  forget(key, shared);
  await shared.opening.then(
    (client) => client.end(),
    () => undefined,
  );
  await shared.before?.then(
    (jump) => jump.release(),
    () => undefined,
  );
}
