import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { RedisReply } from "../connect/types.ts";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { type DataNode, type Topology, topologySchema } from "../topology/schema.ts";
import { type Patch, patched } from "./patch.ts";

/** The code of a question that the simulation has no answer to: it is to be mocked. */
export const NO_ANSWER = "REHEARSAL_NO_ANSWER";

/** All that a simulated deployment is: plain data, so that it outlives a process that is killed. */
export interface WorldState {
  topology: Topology;
  /** Keys of the data set, the same on every node: replication takes no time here. */
  keys: Record<string, string | string[]>;
  /** Directives, by instance; those that were not given or set are not listed. */
  config: Record<string, Record<string, string>>;
  /** How often each mock has answered. */
  used: number[];
  /** Mocked ops that took effect: `step@target`. */
  effects: string[];
}

/** Directives that the model shows, and under which name. */
const IN_MODEL: Readonly<Record<string, keyof DataNode>> = {
  "replica-priority": "priority",
  "min-replicas-to-write": "min_replicas_to_write",
  "min-replicas-max-lag": "min_replicas_max_lag",
  maxmemory: "maxmemory",
  maxclients: "maxclients",
};

/** Sentinel's own, which nothing here depends on. */
const PERIODS: RedisReply = ["info-period", "10000", "publish-period", "2000"];

/**
 * A deployment that is only data. It answers what the model is read for, and the plainest commands: a few on strings and
 * lists, CONFIG GET and SET. With a file, every change is in it before the call returns.
 */
export class World {
  readonly #file: string | undefined;
  readonly state: WorldState;

  constructor(state: WorldState, file?: string) {
    this.state = state;
    this.#file = file;
  }

  /** The deployment that an earlier process left in the file. */
  static load(file: string): World {
    // Our own file, written by `save` with the code that reads it: no boundary to check.
    return new World(JSON.parse(readFileSync(file, "utf8")) as WorldState, file);
  }

  /** What a run could have changed; a directive that has its usual value counts as never set. */
  snapshot(): unknown {
    const { topology, keys, config } = this.state;
    const directives = Object.entries(config).map(([id, own]) => [
      id,
      Object.fromEntries(Object.entries(own).filter(([name, value]) => value !== this.#shown(id, name))),
    ]);
    return { topology, keys, config: Object.fromEntries(directives) };
  }

  save(): void {
    if (this.#file === undefined) return;
    writeFileSync(`${this.#file}.new`, JSON.stringify(this.state));
    renameSync(`${this.#file}.new`, this.#file);
  }

  /** Sets fields of nodes, and what follows from them. */
  patch(patch: Patch): void {
    this.state.topology = topologySchema.parse(patched(this.state.topology, patch));
    this.save();
  }

  /** Takes over a model that an action made of this one. */
  become(topology: Topology): void {
    this.state.topology = topologySchema.parse(topology);
    this.save();
  }

  /** Notes that a mock has answered once more. */
  use(mock: number): void {
    this.state.used[mock] = (this.state.used[mock] ?? 0) + 1;
    this.save();
  }

  /** Notes that a mocked op took effect. */
  note(step: string, target: string): void {
    this.state.effects.push(`${step}@${target}`);
    this.save();
  }

  noted(step: string, target: string): boolean {
    return this.state.effects.includes(`${step}@${target}`);
  }

  #node(id: string): DataNode | undefined {
    return this.state.topology.nodes.find((node) => node.id === id);
  }

  /** What the instance replies. Fails with REHEARSAL_NO_ANSWER where the simulation does not know the command. */
  command(instance: string, argv: readonly string[]): RedisReply {
    const [first = "", ...args] = argv;
    const name = first.toUpperCase();
    if (name === "CONFIG") return this.#config(instance, args, argv);
    if (name === "SENTINEL" && args[0]?.toUpperCase() === "DEBUG") return args.length === 1 ? PERIODS : "OK";
    const write = WRITES[name];
    if (!write) {
      const read = READS[name];
      if (!read) throw noAnswer(instance, argv);
      return read(this.state.keys, args);
    }
    if (this.#node(instance)?.role === "replica") throw readOnly(instance);
    const reply = write(this.state.keys, args);
    this.save();
    return reply;
  }

  #config(instance: string, [verb = "", ...args]: readonly string[], argv: readonly string[]): RedisReply {
    const own = this.state.config[instance] ?? {};
    if (verb.toUpperCase() === "GET") return args.flatMap((name) => [name, own[name] ?? this.#shown(instance, name)]);
    if (verb.toUpperCase() !== "SET") throw noAnswer(instance, argv);
    for (let at = 0; at + 1 < args.length; at += 2) {
      const [name = "", value = ""] = args.slice(at);
      this.state.config[instance] = { ...this.state.config[instance], [name]: value };
      const field = IN_MODEL[name];
      if (field && /^\d+$/.test(value)) this.patch({ [instance]: { [field]: Number(value) } });
    }
    this.save();
    return "OK";
  }

  #shown(instance: string, name: string): string {
    const field = IN_MODEL[name];
    return String((field && this.#node(instance)?.[field]) ?? "0");
  }
}

type Keys = WorldState["keys"];
type Answer = (keys: Keys, args: readonly string[]) => RedisReply;

const READS: Readonly<Record<string, Answer>> = {
  PING: () => "PONG",
  GET: (keys, [key = ""]) => textAt(keys, key),
  EXISTS: (keys, names) => names.filter((key) => key in keys).length,
  LLEN: (keys, [key = ""]) => listAt(keys, key).length,
  LRANGE: (keys, [key = "", from = "0", to = "-1"]) => {
    const list = listAt(keys, key);
    const end = Number(to) < 0 ? list.length + Number(to) : Number(to);
    return list.slice(Number(from), end + 1);
  },
  DBSIZE: (keys) => Object.keys(keys).length,
};

const WRITES: Readonly<Record<string, Answer>> = {
  SET: (keys, [key = "", value = ""]) => {
    keys[key] = value;
    return "OK";
  },
  DEL: (keys, names) => {
    const there = names.filter((key) => key in keys);
    for (const key of there) delete keys[key];
    return there.length;
  },
  INCR: (keys, [key = ""]) => {
    const next = Number(textAt(keys, key) ?? 0) + 1;
    keys[key] = String(next);
    return next;
  },
  DECR: (keys, [key = ""]) => {
    const next = Number(textAt(keys, key) ?? 0) - 1;
    keys[key] = String(next);
    return next;
  },
  RPUSH: (keys, [key = "", ...values]) => {
    const list = [...listAt(keys, key), ...values];
    keys[key] = list;
    return list.length;
  },
  LREM: (keys, [key = "", count = "0", value = ""]) => {
    let left = Number(count) === 0 ? Number.POSITIVE_INFINITY : Math.abs(Number(count));
    const list = listAt(keys, key);
    const kept = list.filter((item) => item !== value || left-- <= 0);
    if (kept.length === 0) delete keys[key];
    else keys[key] = kept;
    return list.length - kept.length;
  },
};

function textAt(keys: Keys, key: string): string | null {
  const value = keys[key];
  return typeof value === "string" ? value : null;
}

function listAt(keys: Keys, key: string): string[] {
  const value = keys[key];
  return Array.isArray(value) ? value : [];
}

export function noAnswer(where: string, argv: readonly string[]): RedishaError {
  return new RedishaError({
    code: NO_ANSWER,
    message: `The simulated ${where} does not know what ${argv.join(" ")} would give; mock the step.`,
    host: where,
    exit: EXIT.usage,
    state: "this is a rehearsal; no server was asked",
  });
}

function readOnly(instance: string): RedishaError {
  return new RedishaError({
    code: "REDIS_READONLY",
    message: `${instance} is a replica and takes no writes.`,
    host: instance,
  });
}
