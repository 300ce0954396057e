import { isAbsolute, normalize } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

/** Where a repository is, as its address says. */
export type Location =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "s3"; readonly bucket: string; readonly prefix: string }
  | {
      readonly kind: "sftp";
      readonly host: string;
      readonly user?: string;
      readonly port?: number;
      readonly path: string;
    };

/**
 * Reads `s3://bucket/prefix`, `sftp://[user@]host[:port]/path` (`/~/path` counts from the home of the user), `file:///path` or
 * an absolute path. Fails with REPOSITORY_INVALID.
 */
export function parseLocation(written: string): Location {
  const [, scheme, rest = ""] = /^(s3|sftp|file):(.*)$/.exec(written) ?? [];
  if (scheme === "s3") {
    const [, bucket, prefix = ""] = /^\/\/([^/]+)(?:\/(.*))?$/.exec(rest) ?? [];
    if (bucket) return { kind: "s3", bucket, prefix: prefix.split("/").filter(Boolean).join("/") };
  } else if (scheme === "sftp") {
    const match = /^\/\/(?:([^@/]+)@)?(?:\[([^\]]+)\]|([^:@/[\]]+))(?::(\d+))?(\/.+)$/.exec(rest);
    const host = match?.[2] ?? match?.[3];
    const path = match?.[5]?.replace(/\/+$/, "").replace(/^\/~\//, "");
    if (host && path) {
      const user = match?.[1] ? { user: decodeURIComponent(match[1]) } : {};
      return { kind: "sftp", host, ...user, ...(match?.[4] ? { port: Number(match[4]) } : {}), path };
    }
  } else {
    const path = scheme === "file" ? rest.replace(/^\/\/(?=\/)/, "") : written;
    if (isAbsolute(path)) return { kind: "file", path: normalize(path).replace(/(?<=.)\/$/, "") };
  }
  throw new RedishaError({
    code: "REPOSITORY_INVALID",
    message: `\`${written}\` is no repository: expected s3://bucket/prefix, sftp://[user@]host[:port]/path or an absolute path.`,
    exit: EXIT.usage,
    state: "nothing was touched",
  });
}
