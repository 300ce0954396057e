import { createHash, createHmac, randomBytes } from "node:crypto";
import type { RedisConnection, RedisReply } from "../../connect/types.ts";
import { scrubber } from "../../core/scrub.ts";
import { DANGEROUS } from "../../preflight/dangerous.ts";
import type { ServerFacts } from "../../preflight/facts.ts";
import { parseInfo } from "../../topology/parse/info.ts";
import { Answers } from "../observe/answers.ts";
import { parsePairs } from "../observe/parse.ts";
import { parseClients } from "./parse-clients.ts";
import { parseUsers } from "./parse-users.ts";

/** Passwords are compared by prints that nobody else can make: a plain hash of one could be guessed from a report. */
const KEY = randomBytes(32);

const INFO = ["INFO", "all"];
const CONFIG = ["CONFIG", "GET", "*"];
const MASTERAUTH = ["CONFIG", "GET", "masterauth"];
const USERS = ["ACL", "LIST"];
const CLIENTS = ["CLIENT", "LIST"];
const SLOWLOG = ["SLOWLOG", "GET", "128"];
const COMMANDS = ["COMMAND", "INFO", ...DANGEROUS.map(({ name }) => name)];
const SENTINEL_CONFIG = ["SENTINEL", "CONFIG", "GET", "*"];

type Read = Omit<ServerFacts, "kind" | "reached" | "why" | "largest" | "sampled">;

/** Asks a data server everything that checks want, in one round trip. Passwords stay here. */
export async function askServer(redis: RedisConnection, signal: AbortSignal): Promise<Read> {
  const answers = new Answers((argvs) => redis.pipeline(argvs, { signal }));
  await answers.ask([INFO, CONFIG, MASTERAUTH, USERS, CLIENTS, SLOWLOG, COMMANDS]);
  const config = answers.take(...CONFIG);
  const commands = answers.take(...COMMANDS);
  const slow = answers.take(...SLOWLOG);
  return {
    ...common(answers),
    config: Array.isArray(config) ? parsePairs(config) : null,
    replication_login: loginIn(config, answers.take(...MASTERAUTH)),
    missing_commands: Array.isArray(commands)
      ? DANGEROUS.flatMap(({ name }, at) => (commands[at] === null ? [name] : []))
      : null,
    slow: Array.isArray(slow) ? slow.flatMap(slowOf) : null,
    refused: refusedBy(answers),
  };
}

/** Asks a Sentinel; what it sees of the group is in the topology. */
export async function askSentinel(redis: RedisConnection, signal: AbortSignal): Promise<Read> {
  const answers = new Answers((argvs) => redis.pipeline(argvs, { signal }));
  await answers.ask([INFO, USERS, CLIENTS, SENTINEL_CONFIG]);
  // Sentinel has no such command before 6.2.
  const { reply: config } = answers.takeOr(/unknown/i, ...SENTINEL_CONFIG);
  const rest = { replication_login: null, missing_commands: null, slow: null };
  return {
    ...common(answers),
    ...rest,
    config: Array.isArray(config) ? parsePairs(config) : null,
    refused: refusedBy(answers),
  };
}

function common(answers: Answers): Pick<Read, "info" | "users" | "clients"> {
  const info = answers.take(...INFO);
  // A Sentinel has no users before 6.2.
  const { reply: users } = answers.takeOr(/unknown command/i, ...USERS);
  const clients = answers.take(...CLIENTS);
  return {
    info: typeof info === "string" ? parseInfo(info) : null,
    users: Array.isArray(users) ? parseUsers(users.map(String), printOf) : null,
    clients: typeof clients === "string" ? parseClients(clients) : null,
  };
}

function loginIn(config: RedisReply | undefined, answer: RedisReply | undefined): ServerFacts["replication_login"] {
  if (!Array.isArray(answer) || !Array.isArray(config)) return null;
  const password = String(answer[1] ?? "");
  if (password !== "") scrubber.learn(password);
  const at = config.indexOf("masteruser");
  const user = at < 0 ? "" : String(config[at + 1] ?? "");
  return {
    user: user === "" ? "default" : user,
    // ACL LIST tells the SHA-256 of a password: the same is made of this one.
    password: password === "" ? null : printOf(createHash("sha256").update(password).digest("hex")),
  };
}

function printOf(hash: string): string {
  return createHmac("sha256", KEY).update(hash).digest("base64url").slice(0, 16);
}

function slowOf(entry: RedisReply): NonNullable<ServerFacts["slow"]> {
  if (!Array.isArray(entry)) return [];
  const [, at, microseconds, words] = entry;
  const [command, sub] = Array.isArray(words) ? words.map(String) : [];
  // The second word is a name where commands have parts, and data elsewhere.
  const whole = /^(config|acl|client|cluster|script|debug|memory|object|xinfo|xgroup|latency)$/i.test(command ?? "")
    ? `${command} ${sub ?? ""}`
    : (command ?? "");
  return [{ at_s: Number(at), microseconds: Number(microseconds), command: whole.toUpperCase().trim() }];
}

function refusedBy(answers: Answers): Record<string, string> {
  return Object.fromEntries(answers.refused.map(({ command, message }) => [command, message]));
}
