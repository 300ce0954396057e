import { readFile } from "node:fs/promises";
import type { ParsedKey } from "ssh2";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { fingerprint } from "../known-hosts.ts";
import { inspectPrivateKey, type PrivateKeyFacts } from "../private-key.ts";
import { keyUnreadable } from "../ssh-errors.ts";
import type { Hop } from "./route.ts";

type Ssh2 = typeof import("ssh2");

/** A key to log in with, in the order in which they are tried. */
export interface Identity {
  /** As messages show it. */
  readonly shown: string;
  /** Held by an agent, which signs; or in a file, opened when it is this one's turn. */
  readonly source:
    | { readonly kind: "agent"; readonly socket: string; readonly key: ParsedKey }
    | { readonly kind: "file"; readonly file: string; readonly text: string; readonly encrypted: boolean };
}

export interface Identities {
  readonly keys: readonly Identity[];
  /** Keys that could not even be tried, and why. */
  readonly passedOver: readonly string[];
}

/**
 * Finds the keys to log in to a hop with, in ssh's order: identity files (through the agent where it holds the key, so
 * that no passphrase is needed), then whatever else the agent holds unless only the named identities are allowed.
 */
export async function findIdentities(ssh2: Promise<Ssh2>, hop: Hop): Promise<Identities> {
  const [held, files] = await Promise.all([
    heldByAgent(ssh2, hop.agent),
    Promise.all(hop.identities.map((file) => readIdentity(file, hop))),
  ]);
  const passedOver = files.flatMap((file) => ("problem" in file && file.problem ? [file.problem] : []));
  if (held.problem) passedOver.push(held.problem);
  const remaining = new Set(held.keys);
  const named: Identity[] = [];
  for (const file of files) {
    if ("problem" in file) continue;
    const key = held.keys.find((candidate) => file.facts.publicKey?.equals(candidate.getPublicSSH()));
    if (key) {
      remaining.delete(key);
      named.push(agentIdentity(held.socket, key));
    } else if (file.facts.publicOnly) {
      passedOver.push(`${file.file} (the agent does not hold it)`);
    } else {
      const { text, facts } = file;
      named.push({ shown: file.file, source: { kind: "file", file: file.file, text, encrypted: facts.encrypted } });
    }
  }
  const others = hop.identitiesOnly ? [] : [...remaining].map((key) => agentIdentity(held.socket, key));
  // As ssh does: whatever an agent holds needs no passphrase and goes first.
  const keys = [...named.filter(fromAgent), ...others, ...named.filter((identity) => !fromAgent(identity))];
  return { keys, passedOver };
}

function fromAgent({ source }: Identity): boolean {
  return source.kind === "agent";
}

function agentIdentity(socket: string, key: ParsedKey): Identity {
  const name = key.comment ? `${key.comment} ` : "";
  return { shown: `${name}(agent, ${fingerprint(key.getPublicSSH())})`, source: { kind: "agent", socket, key } };
}

interface HeldByAgent {
  readonly socket: string;
  readonly keys: readonly ParsedKey[];
  readonly problem?: string;
}

async function heldByAgent(loading: Promise<Ssh2>, socket: string | undefined): Promise<HeldByAgent> {
  if (!socket) return { socket: "", keys: [] };
  const { OpenSSHAgent } = await loading;
  const agent = new OpenSSHAgent(socket);
  return await new Promise((resolve) => {
    agent.getIdentities((error, keys) => {
      if (error) resolve({ socket, keys: [], problem: `the agent at ${socket} (${messageOf(error)})` });
      else resolve({ socket, keys: (keys ?? []).flatMap((key) => ("getPublicSSH" in key ? [key] : [])) });
    });
  });
}

type ReadIdentity =
  | { readonly file: string; readonly text: string; readonly facts: PrivateKeyFacts }
  | { readonly problem: string | undefined };

async function readIdentity(file: string, hop: Hop): Promise<ReadIdentity> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if (hop.identityRequired) throw keyUnreadable(hop.label, file, messageOf(error), error);
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    return { problem: missing ? undefined : `${file} (${messageOf(error)})` };
  }
  const facts = inspectPrivateKey(text);
  if (!facts) {
    if (hop.identityRequired) throw keyUnreadable(hop.label, file, "it is no private key in a known format");
    return { problem: `${file} (no private key in a known format)` };
  }
  if (facts.type?.startsWith("sk-") && !facts.publicOnly) {
    if (hop.identityRequired) throw hardwareKey(hop.label, file);
    return { problem: `${file} (a hardware key: needs \`adapter: openssh\`)` };
  }
  // A key in PEM does not show its public half; the file beside it may.
  const publicKey = facts.publicKey ?? (await readPublicHalf(`${file}.pub`));
  return { file, text, facts: publicKey ? { ...facts, publicKey } : facts };
}

async function readPublicHalf(file: string): Promise<Buffer | undefined> {
  const text = await readFile(file, "utf8").catch(() => "");
  return inspectPrivateKey(text)?.publicKey;
}

function hardwareKey(host: string, file: string): RedishaError {
  return new RedishaError({
    code: "SSH_KEY_UNSUPPORTED",
    message: `The SSH key ${file} for ${host} lives in a hardware token, which only the ssh program can use.`,
    host,
    exit: EXIT.cannotConnect,
    next: ["let redisha use the ssh program: `ssh: { adapter: openssh }` in redisha.yaml"],
  });
}
