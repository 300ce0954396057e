import { compareVersions } from "../runbook/versions.ts";
import { majorOf, type Release } from "./release.ts";

/** A library by which applications speak to servers. */
export interface ClientLibrary {
  /** As it names itself to servers, in lower case: go-redis. */
  readonly library: string;
  /** Null where it does not tell. */
  readonly version: string | null;
}

/** A library that does not get on with servers from a release on. */
export interface BrokenLibrary {
  readonly library: string;
  /** Its first version that does; null: none is known. */
  readonly minimum: string | null;
  /** It cannot work at all, or some of its calls fail. */
  readonly breaks: "all" | "some";
  readonly why: string;
  readonly source: string;
}

/**
 * What is known of libraries that older servers go with and newer ones do not. 7.0 is the one release that has broken any: it
 * made replies longer, which parsers that count refuse. None speaks RESP3 to a client that has not asked for it.
 */
const BROKEN_BY_7: readonly (BrokenLibrary & { readonly in: "cluster" | "any" })[] = [
  {
    library: "go-redis",
    minimum: "9.0.0",
    in: "cluster",
    breaks: "all",
    why: "it does not read CLUSTER SLOTS as it is since 7.0",
    source: "https://github.com/redis/go-redis/issues/2085",
  },
  {
    library: "go-redis",
    minimum: "9.0.0",
    in: "any",
    breaks: "some",
    why: "it does not read XINFO GROUPS as it is since 7.0",
    source: "https://github.com/redis/go-redis/issues/3044",
  },
  {
    library: "rediscala",
    minimum: null,
    in: "cluster",
    breaks: "all",
    why: "it does not read CLUSTER SLOTS as it is since 7.0",
    source: "https://github.com/rediscala/rediscala/issues/155",
  },
];

/** Libraries that do not get on with a release and did with the one before, in a deployment of that kind. */
export function librariesBrokenBy(from: Release, to: Release, kind: string): BrokenLibrary[] {
  if (majorOf(from) >= 7 || majorOf(to) < 7) return [];
  const here = BROKEN_BY_7.filter(({ in: where }) => where === "any" || where === kind);
  // The worst of each says enough.
  return here.filter((each, at) => here.findIndex(({ library }) => library === each.library) === at);
}

/** Whether a library is one of those, as far as its version tells: one that does not say it may be. */
export function isBroken({ library, version }: ClientLibrary, broken: BrokenLibrary): boolean {
  if (library !== broken.library) return false;
  return broken.minimum === null || version === null || compareVersions(version, broken.minimum) < 0;
}
