import type { ServerFacts } from "../../preflight/facts.ts";

/** Reads CLIENT LIST; the connection that asked is left out. */
export function parseClients(text: string): NonNullable<ServerFacts["clients"]> {
  return text
    .split("\n")
    .filter((line) => line.includes("addr="))
    .map((line) => {
      const field = (name: string) => new RegExp(`(?:^| )${name}=(\\S*)`).exec(line)?.[1] ?? "";
      const address = field("addr");
      return {
        address: address.slice(0, Math.max(0, address.lastIndexOf(":"))).replace(/^\[|\]$/g, ""),
        name: field("name"),
        user: field("user"),
        flags: field("flags"),
        command: field("cmd"),
        library: [field("lib-name"), field("lib-ver")].filter(Boolean).join(" "),
      };
    })
    .filter(({ command }) => command.replace("|", " ") !== "client list" && command !== "client");
}
