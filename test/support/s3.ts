import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { S3Settings } from "../../src/inventory/model.ts";
import { connectS3 } from "../../src/repository/s3/sdk.ts";
import { freePort } from "./sshd.ts";

/** A real S3 server: OpenStack Swift with its S3 interface, as Debian packages it, one process per part. */
export interface S3Server {
  readonly endpoint: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Settings that reach it. */
  settings(changes?: Partial<S3Settings>): S3Settings;
  makeBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

const USER = "shop:keeper";
const SECRET = "hold-the-door-17";
const PARTS = ["account", "container", "object"] as const;

/** Whether the packages are there: swift-proxy, swift-account, swift-container, swift-object. */
export function s3ServerIsInstalled(): boolean {
  return ["proxy", ...PARTS].every((part) => existsSync(`/usr/bin/swift-${part}-server`));
}

/** Starts a server on free ports; the caller stops it. `objects` is where its data is kept, a folder of its own by default. */
export async function startS3({ objects }: { readonly objects?: string } = {}): Promise<S3Server> {
  const root = mkdtempSync(join(tmpdir(), "redisha-s3-"));
  const devices = objects ?? join(root, "devices");
  mkdirSync(join(devices, "disk"), { recursive: true });
  writeFileSync(
    join(root, "swift.conf"),
    "[swift-hash]\nswift_hash_path_suffix = test\n[storage-policy:0]\nname = one\ndefault = yes\n",
  );
  const children: ChildProcess[] = [];
  /** A proxy whose other parts are not there yet answers 503. */
  const start = async (part: string, port: number, config: string) => {
    const file = join(root, `${part}.conf`);
    writeFileSync(
      file,
      `[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = ${port}\nworkers = 0\nuser = ${userName()}\nswift_dir = ${root}\n${config}`,
    );
    const log = openSync(join(root, `${part}.log`), "a");
    const child = spawn(`/usr/bin/swift-${part}-server`, [file, "verbose"], { stdio: ["ignore", log, log] });
    children.push(child);
    await answering(port, child, join(root, `${part}.log`));
  };
  const starting: Promise<void>[] = [];
  for (const part of PARTS) {
    const port = await freePort();
    const ring = (...args: string[]) =>
      execFileSync("swift-ring-builder", [join(root, `${part}.builder`), ...args], { stdio: "ignore" });
    ring("create", "4", "1", "0");
    ring("add", `r1z1-127.0.0.1:${port}/disk`, "100");
    ring("rebalance");
    starting.push(
      start(
        part,
        port,
        `devices = ${devices}\nmount_check = false\n[pipeline:main]\npipeline = ${part}-server\n[app:${part}-server]\nuse = egg:swift#${part}\n`,
      ),
    );
  }
  await Promise.all(starting);
  const port = await freePort();
  await start("proxy", port, PROXY);
  const endpoint = `http://127.0.0.1:${port}`;
  const settings = (changes: Partial<S3Settings> = {}): S3Settings => ({
    endpoint,
    region: "us-east-1",
    accessKey: async () => USER,
    secretKey: async () => SECRET,
    ...changes,
  });
  return {
    endpoint,
    accessKey: USER,
    secretKey: SECRET,
    settings,
    makeBucket: async (name) => {
      const { sdk, client } = await connectS3(settings(), {});
      await client.send(new sdk.CreateBucketCommand({ Bucket: name }));
      client.destroy();
    },
    stop: async () => {
      for (const child of children) await ended(child);
      rmSync(root, { recursive: true, force: true });
    },
  };
}

const PROXY = `
[pipeline:main]
pipeline = catch_errors cache bulk s3api tempauth slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:cache]
use = egg:swift#memcache
memcache_servers =
[filter:bulk]
use = egg:swift#bulk
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
check_bucket_owner = true
[filter:tempauth]
use = egg:swift#tempauth
user_${USER.replace(":", "_")} = ${SECRET} .admin
user_shop_guest = guest-of-the-shop
[filter:slo]
use = egg:swift#slo
`;

function userName(): string {
  return execFileSync("id", ["-un"], { encoding: "utf8" }).trim();
}

async function answering(port: number, child: ChildProcess | undefined, log: string): Promise<void> {
  for (let tries = 0; tries < 400; tries += 1) {
    if (child?.exitCode !== null) break;
    const answered = await new Promise<boolean>((resolve) => {
      const socket = connect({ host: "127.0.0.1", port });
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
      socket.once("connect", () => socket.destroy());
    });
    if (answered) return;
    await delay(50);
  }
  throw new Error(`the S3 server does not answer: ${readFileSync(log, "utf8")}`);
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await gone;
}
