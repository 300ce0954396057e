import { createHash } from "node:crypto";
import type { Deployment, Host } from "../../inventory/model.ts";

/** Names of files end at 255 bytes on every file system that matters. */
const MAX_NAME = 200;

/**
 * What a deployment's lock on a host is called there. Two operators meet only where both say the same; the host's own
 * name and address are part of it because several hosts of a lab share one file system.
 */
export function targetLockName(deployment: string, host: Pick<Host, "name" | "address">): string {
  return fileName([deployment, host.name, host.address].map(encode).join("@"));
}

/** The folder of a deployment's locks on the controller: unrelated deployments of the same name do not meet. */
export function controllerLockFolder(deployment: Pick<Deployment, "name" | "hosts">): string {
  const hosts = deployment.hosts.map(({ name, address }) => `${name}=${address}`).sort();
  const digest = createHash("sha256").update(hosts.join("\n")).digest("hex").slice(0, 12);
  return fileName(`${encode(deployment.name)}-${digest}`);
}

/** A host's file in that folder. */
export function controllerLockFile(host: string): string {
  return `${fileName(encode(host))}.lock`;
}

/** One line of printable text: what people and hosts are called goes into files that are read line by line. */
export function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  return text.replace(/[\u0000-\u001f\u007f]+/g, " ").trim() || "unknown";
}

/** Reversible, and without a name that is `.`, `..` or hidden. */
function encode(text: string): string {
  return [...Buffer.from(text, "utf8")]
    .map((byte, index) => {
      const char = String.fromCharCode(byte);
      const plain = /[A-Za-z0-9_-]/.test(char) || (char === "." && index > 0);
      return plain ? char : `%${byte.toString(16).padStart(2, "0")}`;
    })
    .join("");
}

function fileName(name: string): string {
  if (name.length <= MAX_NAME) return name;
  return `${name.slice(0, MAX_NAME)}-${createHash("sha256").update(name).digest("hex").slice(0, 12)}`;
}
