import { spawn } from "node:child_process";
import { once } from "node:events";
import { slotOf } from "../src/drill/hash-slot.ts";

/** What is moved about: so many keys, `key:0` and on, all of the same value. */
export const KEYS = 1_000_000;
export const VALUE = "v".repeat(64);

/** Primaries of a cluster, in the order of their slots. */
export type Primaries = readonly { readonly host: string; readonly address: string; readonly port: number }[];

/** Writes to each primary of a new cluster the keys whose slots it owns. */
export async function fillSlots(nodes: Primaries): Promise<void> {
  const loaders = nodes.map(({ address, port }) =>
    spawn("redis-cli", ["-h", address, "-p", `${port}`, "--pipe"], { stdio: ["pipe", "ignore", "inherit"] }),
  );
  const ended = Promise.all(loaders.map((loader) => once(loader, "close")));
  for (let at = 0; at < KEYS; at += 10_000) {
    const commands = nodes.map(() => "");
    for (let key = at; key < at + 10_000; key += 1) {
      const name = `key:${key}`;
      const slot = slotOf(name);
      const node = nodes.findLastIndex((_, rank) => slot >= Math.round((rank * 16_384) / nodes.length));
      commands[node] += `*3\r\n$3\r\nSET\r\n$${name.length}\r\n${name}\r\n$${VALUE.length}\r\n${VALUE}\r\n`;
    }
    for (const [index, loader] of loaders.entries()) {
      if (!loader.stdin.write(commands[index])) await once(loader.stdin, "drain");
    }
  }
  for (const loader of loaders) loader.stdin.end();
  await ended;
}
