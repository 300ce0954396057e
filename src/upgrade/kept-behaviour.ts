import { majorOf, type Release } from "./release.ts";

/**
 * Directives that a newer release needs in files of an older one, so that they go on meaning what they meant. Before 7.0 a
 * user without a rule for channels may use them all; from 7.0 on, none. Servers before 7.0 write their users without one,
 * the default user too, and a Sentinel that may not subscribe takes the server for disconnected and promotes it never.
 */
export function linesToKeep(from: Release, to: Release): string[] {
  const before = from.engine === "redis" && majorOf(from) < 7;
  return before && majorOf(to) >= 7 ? ["acl-pubsub-default allchannels"] : [];
}
