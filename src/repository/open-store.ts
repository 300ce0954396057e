import type { BackupPolicy } from "../inventory/model.ts";
import { type Location, parseLocation } from "./location.ts";
import type { Store } from "./store.ts";

/** What it takes to reach a repository: a part of what redisha.yaml says of backups. */
export type StorePolicy = Pick<BackupPolicy, "repository" | "s3" | "sftp">;

export interface OpenStoreOptions {
  /** Where AWS_… is looked for; that of this process by default. */
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
}

/** Time to connect to the host of an sftp:// repository, where nothing else is said. */
const CONNECT_MS = 10_000;

/** Opens the store of a repository; the adapter, and the library it needs, are loaded only now. The caller closes it. */
export async function openStore(policy: StorePolicy, { env, signal }: OpenStoreOptions = {}): Promise<Store> {
  const location = parseLocation(policy.repository);
  if (location.kind === "file") {
    const { FileStore } = await import("./file/file-store.ts");
    return new FileStore(location.path);
  }
  if (location.kind === "s3") {
    const [{ connectS3 }, { S3Store }] = await Promise.all([import("./s3/sdk.ts"), import("./s3/s3-store.ts")]);
    return new S3Store(await connectS3(policy.s3 ?? {}, env ?? process.env), location.bucket, location.prefix);
  }
  return await openSftp(policy, location, signal);
}

async function openSftp(
  { repository, sftp }: StorePolicy,
  { host, user, port, path }: Location & { readonly kind: "sftp" },
  signal: AbortSignal | undefined,
): Promise<Store> {
  const [{ connectSftp }, { SftpSession }, { SftpStore }] = await Promise.all([
    import("../connect/ssh2/sftp.ts"),
    import("./sftp/session.ts"),
    import("./sftp/sftp-store.ts"),
  ]);
  const settings = {
    ...(sftp ?? { adapter: "ssh2" as const, become: "none" as const, connectTimeoutMs: CONNECT_MS }),
    ...(user === undefined ? {} : { user }),
    ...(port === undefined ? {} : { port }),
  };
  const link = await connectSftp({ host, address: host, ssh: settings }, settings, signal ? { signal } : {});
  return new SftpStore(new SftpSession(link), { shown: repository, host, root: path });
}
