import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { Contestant } from "./measure.ts";
import type { Primaries } from "./reshard-keys.ts";
import { redisha } from "./subject.ts";
import type { Lab } from "./with-labs.ts";

/** A quarter of all slots goes to one primary, from both others. */
const SLOTS = "4096";

/** What is typed to move slots from some primaries to one, by the names of their hosts. */
type Line = (from: readonly string[], to: string) => readonly string[];

/** Who moves slots to a primary from the two others. */
export class Mover {
  readonly name: string;
  readonly #primaries: Primaries;
  readonly #argv: Line;
  readonly #env: Readonly<Record<string, string>>;

  constructor(name: string, primaries: Primaries, argv: Line, env: Readonly<Record<string, string>> = {}) {
    this.name = name;
    this.#primaries = primaries;
    this.#argv = argv;
    this.#env = env;
  }

  /** To the one of that rank. */
  into(rank: number): Contestant {
    return { name: this.name, argv: ["sh", "-c", this.#line(rank)], env: this.#env };
  }

  /** To each in turn, so that whoever comes next finds the slots about where they were. */
  around(): Contestant {
    const lines = this.#primaries.map((_, rank) => this.#line(rank));
    return { name: this.name, argv: ["sh", "-c", lines.join("; ")], env: this.#env };
  }

  /** redis-cli refuses to begin until every replica has heard of the last move: it is tried again until it does not. */
  #line(rank: number): string {
    const others = this.#primaries.filter((_, index) => index !== rank).map(({ host }) => host);
    const words = this.#argv(others, this.#primaries[rank]?.host ?? "").map((word) => `'${word}'`);
    return `n=0; until ${words.join(" ")}; do n=$((n+1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done`;
  }
}

/** Who can move slots in a lab: the tool that comes with the engine, and redisha. */
export interface Movers {
  /** As the tool is called with these options more. */
  cli(name: string, ...more: string[]): Mover;
  /** As redisha is, by the declaration in `file`. */
  subject(name: string, ...more: string[]): Mover;
}

/** `cli` is the path of redis-cli or valkey-cli; `file` tells redisha of the lab. */
export async function moversOf(lab: Lab, primaries: Primaries, file: string, cli: string): Promise<Movers> {
  const ids = new Map<string, string>();
  for (const { host, address, port } of primaries) {
    const { stdout } = await promisify(execFile)(cli, ["-h", address, "-p", `${port}`, "CLUSTER", "MYID"]);
    ids.set(host, stdout.trim());
  }
  const id = (host: string) => ids.get(host) ?? "";
  const [first] = primaries;
  return {
    cli: (name, ...more) =>
      new Mover(name, primaries, (from, to) => [
        ...[cli, "--cluster", "reshard", `${first?.address}:${first?.port}`, "--cluster-yes"],
        ...["--cluster-from", from.map(id).join(","), "--cluster-to", id(to), "--cluster-slots", SLOTS, ...more],
      ]),
    subject: (name, ...more) => {
      const { argv, env } = redisha(name, "reshard", "--file", file, "--slots", SLOTS, ...more);
      const line: Line = (from, to) => [...argv, "--from", from.join(","), "--to", to];
      return new Mover(name, primaries, line, { ...env, REDISHA_STATE_DIR: lab.folder });
    },
  };
}

/** The primaries of a lab that has just been brought up. */
export function primariesOf(lab: Lab): Primaries {
  return lab.processes.filter(({ service }) => service === "redis").slice(0, 3);
}
