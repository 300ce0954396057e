import { execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { promisify } from "node:util";

const VALUE = 1024;
/** What values are cut from: more than zstd remembers, so that no value is found in an earlier one. */
const NOISE = randomBytes(32 << 20).toString("base64");
const WORDS = '{"state":"delivered","carrier":"parcel","currency":"EUR","lines":[{"sku":"';

/** Writes about so many MiB into a server: values of 1 KiB, which compress to a half or so. Keys begin with `prefix`. */
export async function fill(
  { address, port }: { readonly address: string; readonly port: number },
  mib: number,
  prefix: string,
): Promise<void> {
  const loader = spawn("redis-cli", ["-h", address, "-p", String(port), "--pipe"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const ended = once(loader, "close");
  for (let block = 0; block < mib; block += 1) {
    const commands = Array.from({ length: (1 << 20) / VALUE }, (_, n) => command(`${prefix}:${block}:${n}`));
    if (!loader.stdin.write(commands.join(""))) await once(loader.stdin, "drain");
  }
  loader.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`redis-cli --pipe ended with ${code}`);
  // A replica that is behind would be no source.
  await promisify(execFile)("redis-cli", ["-h", address, "-p", String(port), "WAIT", "1", "120000"]);
}

function command(key: string): string {
  const from = Math.floor(Math.random() * (NOISE.length - VALUE));
  const value = (WORDS.repeat(4) + NOISE.slice(from, from + VALUE)).slice(0, VALUE);
  return `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${value.length}\r\n${value}\r\n`;
}
