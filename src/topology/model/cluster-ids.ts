import { printEndpoint } from "../parse/address.ts";
import type { ClusterNodeLine } from "../parse/cluster-nodes.ts";
import type { DataNode } from "../schema.ts";
import type { Directory } from "./directory.ts";
import { placeOf, silentNode } from "./silent.ts";

/** Ids of instances by cluster node id. */
export class ClusterIds {
  readonly #nodes: DataNode[];
  readonly #directory: Directory;
  readonly #answered: ReadonlySet<string>;
  readonly #ids = new Map<string, string>();

  constructor(nodes: DataNode[], answered: readonly string[], directory: Directory) {
    this.#nodes = nodes;
    this.#directory = directory;
    this.#answered = new Set(answered);
  }

  of(nodeId: string): string | null {
    return this.#ids.get(nodeId) ?? null;
  }

  /** Finds the instance behind a line; makes a node for one that redisha.yaml does not list. */
  learn(line: ClusterNodeLine, speaker: string): void {
    const id = this.#ids.get(line.id) ?? this.#listed(line, speaker) ?? this.#unlisted(line);
    if (id === null) return;
    this.#ids.set(line.id, id);
    this.#hear(id, speaker);
  }

  #listed(line: ClusterNodeLine, speaker: string): string | null {
    const byKey = this.#directory.findKey(line.id);
    const byAddress = line.address === "" ? null : this.#find(line, speaker);
    // An instance that answered has said its own node id: a line with another id is the ghost of one that was replaced.
    return byKey ?? (byAddress !== null && !this.#answered.has(byAddress) ? byAddress : null);
  }

  #unlisted(line: ClusterNodeLine): string | null {
    if (line.flags.includes("handshake") || line.flags.includes("noaddr")) return null;
    const address = printEndpoint(line);
    const taken = this.#nodes.some((node) => node.address === line.address && node.port === line.port);
    const id = taken ? `${address} (${line.id.slice(0, 8)})` : address;
    if (!this.#nodes.some((node) => node.id === id)) {
      this.#nodes.push(silentNode({ ...placeOf(address), instance: id }));
    }
    return id;
  }

  #find(line: ClusterNodeLine, speaker: string): string | null {
    const byAddress = this.#directory.find({ address: line.address, port: line.port }, { speaker });
    if (byAddress !== null || line.hostname === null) return byAddress;
    return this.#directory.find({ address: line.hostname, port: line.port }, { speaker });
  }

  #hear(id: string, speaker: string): void {
    const node = this.#nodes.find((candidate) => candidate.id === id);
    if (node && !node.up && id !== speaker && !node.known_by.includes(speaker)) node.known_by.push(speaker);
  }
}
