import { Directory } from "../topology/model/directory.ts";
import { parseEndpoint } from "../topology/parse/address.ts";
import type { DrillSettings } from "./settings.ts";

/** Finds the instance that a server means by an address. */
export class Addresses {
  readonly #directory: Directory;

  constructor({ instances }: DrillSettings) {
    this.#directory = new Directory(
      instances
        .filter(({ kind }) => kind === "data")
        .map(({ id, host, address, port, announced, node_id }) => {
          const endpoint = announced === null ? undefined : parseEndpoint(announced);
          return {
            id,
            host: host.name,
            address,
            port,
            announced: endpoint ? [endpoint] : [],
            keys: node_id === null ? [] : [node_id],
          };
        }),
    );
  }

  /** The id of the instance; null where redisha.yaml lists none by that address. `speaker` is who named it. */
  find(address: string, port: number, speaker?: string): string | null {
    return this.#directory.find({ address, port }, speaker === undefined ? {} : { speaker });
  }

  /** By its node id in a cluster. */
  findNode(nodeId: string): string | null {
    return this.#directory.findKey(nodeId);
  }
}
