import { type Endpoint, isLoopbackName, normalAddress } from "../parse/address.ts";

/** An instance as it may be spoken of. */
export interface Entry {
  readonly id: string;
  readonly host: string;
  readonly address: string;
  readonly port: number;
  /** What it tells others to call it: replica-announce-ip, cluster-announce-hostname, … */
  readonly announced: readonly Endpoint[];
  /** run_id, cluster node id, or myid of a Sentinel: whatever its peers print. */
  readonly keys: readonly string[];
}

/** Who speaks, and what they know besides the address. */
export interface Hearsay {
  readonly speaker?: string;
  readonly key?: string;
}

/**
 * Finds the instance that a server means by an address. The rule, first match wins:
 *
 * 1. the address and port that redisha.yaml lists, or its host name with that port;
 * 2. the run id or node id, which stays true behind NAT;
 * 3. an address that the instance announces;
 * 4. a loopback address means the speaker's own host, but never the speaker itself.
 *
 * Two that fit equally well are no match: a wrong link is worse than a missing one.
 */
export class Directory {
  readonly #entries: readonly Entry[];
  readonly #byEndpoint = new Map<string, Set<string>>();
  readonly #byKey = new Map<string, Set<string>>();
  readonly #byAnnounced = new Map<string, Set<string>>();

  constructor(entries: readonly Entry[]) {
    this.#entries = entries;
    for (const entry of entries) {
      add(this.#byEndpoint, endpointKey(entry), entry.id);
      add(this.#byEndpoint, endpointKey({ address: entry.host, port: entry.port }), entry.id);
      for (const key of entry.keys) if (key) add(this.#byKey, key, entry.id);
      for (const endpoint of entry.announced) add(this.#byAnnounced, endpointKey(endpoint), entry.id);
    }
  }

  /** The id of the instance that is meant, or null. */
  find(endpoint: Endpoint, { speaker, key }: Hearsay = {}): string | null {
    return (
      only(this.#byEndpoint.get(endpointKey(endpoint))) ??
      (key ? only(this.#byKey.get(key)) : null) ??
      only(this.#byAnnounced.get(endpointKey(endpoint))) ??
      this.#loopback(endpoint, speaker)
    );
  }

  findKey(key: string): string | null {
    return only(this.#byKey.get(key));
  }

  #loopback({ address, port }: Endpoint, speaker: string | undefined): string | null {
    const host = this.#entries.find((entry) => entry.id === speaker)?.host;
    if (host === undefined || !isLoopbackName(address)) return null;
    const there = this.#entries.filter((entry) => entry.host === host && entry.port === port && entry.id !== speaker);
    return there.length === 1 ? (there[0]?.id ?? null) : null;
  }
}

function endpointKey({ address, port }: Endpoint): string {
  return `${normalAddress(address)} ${port}`;
}

function add(map: Map<string, Set<string>>, key: string, id: string): void {
  const ids = map.get(key) ?? new Set<string>();
  map.set(key, ids.add(id));
}

function only(ids: ReadonlySet<string> | undefined): string | null {
  if (ids?.size !== 1) return null;
  const [id] = ids;
  return id ?? null;
}
