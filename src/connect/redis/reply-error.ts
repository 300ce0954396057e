import { RedishaError } from "../../core/errors.ts";
import { EXIT, type ExitCode } from "../../core/exit-codes.ts";
import { scrubber } from "../../core/scrub.ts";
import { destination, hostOf, onServer, type Route, redisCli } from "./endpoint.ts";

/** An error that the server itself answered, as opposed to no answer at all. */
export class RedisReplyError extends RedishaError {
  /** The server's own words, without secrets: `NOPERM this user has no permissions to …`. */
  readonly reply: string;

  constructor(reply: string, facts: ConstructorParameters<typeof RedishaError>[0]) {
    super(facts);
    this.reply = reply;
  }
}

interface Reading {
  readonly code: string;
  readonly message: string;
  readonly state?: string;
  readonly next: readonly string[];
}

interface Refusal {
  readonly route: Route;
  /** `CONFIG GET`: never the arguments, which may hold a secret. */
  readonly command: string;
  /** The server's words after the first. */
  readonly text: string;
  /** The ACL user that asked. */
  readonly user: string;
  readonly where: string;
}

const REFUSED = "the command was refused and changed nothing";

/**
 * What an error reply means and what to do about it. `during` says whether it came while connecting: those exit 6.
 * Wordings differ between versions; the first word does not, except where noted.
 */
export function replyError(
  route: Route,
  argv: readonly string[],
  raw: string,
  during: "connect" | "command",
): RedisReplyError {
  const reply = withoutArguments(scrubber.scrub(raw)).trim();
  const [word = "ERR"] = reply.split(" ", 1);
  const refusal: Refusal = {
    route,
    command: commandName(argv),
    text: reply.slice(word.length + 1),
    user: route.target.auth?.username ?? "default",
    where: destination(route),
  };
  const { code, message, state, next } = (byFirstWord[word] ?? bySentence)(refusal, word);
  const exit: ExitCode = during === "connect" ? EXIT.cannotConnect : EXIT.failedSafe;
  const facts = { code, message, next, exit, host: route.target.instance };
  return new RedisReplyError(reply, state === undefined ? facts : { ...facts, state });
}

const byFirstWord: Readonly<Record<string, (refusal: Refusal) => Reading>> = {
  WRONGPASS: ({ route, user, where }) => ({
    code: "REDIS_WRONGPASS",
    message: `${where} does not accept the password of user ${user}, or the user is disabled.`,
    state: "not logged in; nothing was changed",
    next: [
      `${redisCli(route, "PING")}  # with the password that you believe in`,
      "correct the password where auth: in redisha.yaml takes it from",
    ],
  }),
  NOAUTH: ({ where }) => ({
    code: "REDIS_NOAUTH",
    message: `${where} wants a password, and redisha.yaml gives none for it.`,
    state: "not logged in; nothing was changed",
    next: [
      "add auth: { operator: { username: …, password: { env: REDISHA_PASSWORD } } } to the deployment in redisha.yaml",
    ],
  }),
  NOPERM: ({ route, command, text, user, where }) => ({
    code: "REDIS_NOPERM",
    message: `User ${user} may not run ${command} on ${where}${permissionObject(text)}.`,
    state: REFUSED,
    next: [
      redisCli(asAdministrator(route), `ACL GETUSER ${user}`),
      redisCli(asAdministrator(route), `ACL SETUSER ${user} ${missingRule(command, text)}`),
    ],
  }),
  LOADING: ({ route, where }) => ({
    code: "REDIS_LOADING",
    message: `${where} is still loading its data set into memory.`,
    state: REFUSED,
    next: [redisCli(route, "INFO persistence  # loading_eta_seconds"), "wait, then repeat"],
  }),
  MASTERDOWN: ({ route, where }) => ({
    code: "REDIS_MASTERDOWN",
    message: `${where} is a replica whose link to its primary is down, and it does not serve stale data.`,
    state: REFUSED,
    next: [redisCli(route, "INFO replication  # master_host, master_link_status")],
  }),
  DENIED: ({ route, where }) => ({
    code: "REDIS_DENIED",
    message: `${where} is in protected mode: it has no password and answers only to its own machine.`,
    state: "nothing was changed",
    next: [
      `give ${hostOf(route.target.instance)} an ssh: section and set redis: { via: ssh } in redisha.yaml, to connect from that machine itself`,
      "set a password: requirepass or a user with one, then protected-mode does not refuse",
    ],
  }),
  BUSY: ({ route, command, where }) => ({
    code: "REDIS_BUSY",
    message: `${where} is busy with a script or function that runs too long, and refused ${command}.`,
    state: REFUSED,
    next: [redisCli(route, "SCRIPT KILL"), `${redisCli(route, "FUNCTION KILL")}  # from 7.0 on`],
  }),
  READONLY: ({ route, command, where }) => ({
    code: "REDIS_READONLY",
    message: `${where} is a read-only replica and refused ${command}.`,
    state: REFUSED,
    next: [redisCli(route, "ROLE  # names its primary"), "redisha status"],
  }),
  CLUSTERDOWN: ({ route, text, where }) => ({
    code: "REDIS_CLUSTERDOWN",
    message: `${where}: the cluster does not serve this slot now (${text || "cluster is down"}).`,
    state: REFUSED,
    next: [redisCli(route, "CLUSTER INFO"), "redisha status"],
  }),
  NOREPLICAS: ({ route, command, where }) => ({
    code: "REDIS_NOREPLICAS",
    message: `${where} refused ${command}: fewer good replicas than min-replicas-to-write asks for.`,
    state: REFUSED,
    next: [redisCli(route, "INFO replication"), "redisha status"],
  }),
  MISCONF: ({ route, command, where }) => ({
    code: "REDIS_MISCONF",
    message: `${where} refused ${command}: it could not write to its disk and stops writes for that (stop-writes-on-bgsave-error).`,
    state: REFUSED,
    next: [redisCli(route, "INFO persistence"), "df -h on that host"],
  }),
};

/** Replies whose first word says nothing (`ERR`), or is unknown to us: told by their sentence. */
function bySentence({ route, command, text, where }: Refusal, word: string): Reading {
  if (/max number of clients/i.test(text)) {
    return {
      code: "REDIS_MAXCLIENTS",
      message: `${where} has reached its maxclients and takes no further connection.`,
      state: "nothing was changed",
      next: [
        redisCli(route, "INFO clients  # from a connection that still stands"),
        onServer(route, `ss -tn "sport = :${route.target.port}"  # who holds them`),
      ],
    };
  }
  // 6.0 and later, `AUTH password` with a default user without one; the second wording is that of 5.x and older.
  if (/without any password configured|no password is set/i.test(text)) {
    return {
      code: "REDIS_AUTH_NOT_SET",
      message: `${where} has no password set, but redisha.yaml gives one.`,
      state: "not logged in; nothing was changed",
      next: [
        "remove auth: from the deployment in redisha.yaml, if the server is meant to have no password",
        redisCli(asAdministrator(route), "CONFIG SET requirepass …  # if it is meant to have one"),
      ],
    };
  }
  const code = /^[A-Z][A-Z0-9_]*$/.test(word) ? word : "ERR";
  const said = code === "ERR" && word !== "ERR" ? `${word} ${text}` : text;
  return {
    code: `REDIS_${code}`,
    message: `${where} answered ${command} with an error: ${code === "ERR" ? said : `${word} ${text}`}`,
    next: [redisCli(route, "INFO server")],
  };
}

/** Commands whose second word is part of their name. */
const CONTAINERS = new Set(
  "ACL CLIENT CLUSTER COMMAND CONFIG DEBUG FUNCTION LATENCY MEMORY MODULE OBJECT PUBSUB SCRIPT SENTINEL SLOWLOG XGROUP XINFO".split(
    " ",
  ),
);

/** The name of a command without its arguments: `CONFIG GET`, `SET`. */
export function commandName(argv: readonly string[]): string {
  const [name = "", sub = ""] = argv;
  const upper = name.toUpperCase();
  return CONTAINERS.has(upper) && sub ? `${upper} ${sub.toUpperCase()}` : upper;
}

/** An unknown command's error repeats the arguments, which may be a password. */
function withoutArguments(reply: string): string {
  return reply.replace(/,? with args beginning with:.*$/s, "").replace(/\s+/g, " ");
}

function permissionObject(text: string): string {
  if (/channel/i.test(text)) return ": it names a channel outside the user's patterns";
  return /\bkeys?\b/i.test(text) ? ": it names a key outside the user's patterns" : "";
}

function missingRule(command: string, text: string): string {
  if (/channel/i.test(text)) return "'&<pattern>'";
  if (/\bkeys?\b/i.test(text)) return "'~<pattern>'";
  return `'+${command.toLowerCase().replace(" ", "|")}'`;
}

/** Without the operator's own user: the hint is for somebody who may do more. */
function asAdministrator(route: Route): Route {
  const { auth: _, ...target } = route.target;
  return { ...route, target: { ...target, auth: { username: "<admin>", password: () => Promise.resolve("") } } };
}
