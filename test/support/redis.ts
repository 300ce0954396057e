/**
 * Real servers for tests: data nodes and Sentinels of any engine version, on free ports of loopback.
 *
 *     const servers = new Servers();
 *     afterAll(() => servers.stopAll());
 *     const primary = await servers.start({ engine: "redis-6.0", conf: ["requirepass secret"] });
 *     await servers.start({ conf: [`replicaof ${primary.address} ${primary.port}`, "masterauth secret"] });
 *     primary.child.kill("SIGSTOP");
 *
 * Configuration goes into a file, so that no password stands in a process's arguments. Processes are only ever ended by
 * their id: run through their own loader, they are all named ld-linux-x86-64.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { ENGINE_ROOT, ENGINES, type EngineUnderTest } from "./engines.ts";

export { ENGINES };
export type Engine = EngineUnderTest;

export interface ServerOptions {
  /** Default redis-7.0. */
  readonly engine?: Engine;
  readonly kind?: "data" | "sentinel";
  /** Default 127.0.0.1; any address of 127.0.0.0/8 is there without setting it up. */
  readonly address?: string;
  /** Default: a free one whose cluster bus port (port + 10000) is free too. */
  readonly port?: number;
  /** Lines of redis.conf or sentinel.conf, put after the defaults: no snapshots, no append-only file. */
  readonly conf?: readonly string[];
  /** Only `tls-port` listens, on `port`, with these files. */
  readonly tls?: Certificates;
}

export interface Server {
  readonly engine: Engine;
  readonly kind: "data" | "sentinel";
  readonly address: string;
  readonly port: number;
  /** `address:port` */
  readonly id: string;
  readonly dir: string;
  readonly pid: number;
  readonly child: ChildProcess;
  /** What the server wrote to its log. */
  log(): Promise<string>;
  /** Ends the process with SIGKILL, also where it is stopped; its directory stays until `stop`. */
  kill(): Promise<void>;
  /** Ends the process and removes its directory. */
  stop(): Promise<void>;
}

/** Keeps the servers of one test file together, so that one call takes them all down. */
export class Servers {
  readonly #running = new Set<Server>();

  async start(options: ServerOptions = {}): Promise<Server> {
    const server = await startServer(options);
    this.#running.add(server);
    return server;
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running].map((server) => server.stop()));
    this.#running.clear();
  }
}

/** Starts a server and waits until it accepts connections. Fails with the end of its log where it does not start. */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(options);
    } catch (error) {
      // Between finding a free port and using it, another test may have taken it.
      const taken = error instanceof Error && error.message.includes("Address already in use");
      if (options.port !== undefined || !taken || attempt === 5) throw error;
    }
  }
}

async function startOnce(options: ServerOptions): Promise<Server> {
  const { engine = "redis-7.0", kind = "data", address = "127.0.0.1", tls } = options;
  const port = options.port ?? (await freePort(address));
  const dir = await mkdtemp(join(tmpdir(), `redisha-${kind}-`));
  const conf = join(dir, `${kind}.conf`);
  const listen = tls
    ? [
        "port 0",
        `tls-port ${port}`,
        `tls-cert-file ${tls.cert}`,
        `tls-key-file ${tls.key}`,
        `tls-ca-cert-file ${tls.ca}`,
      ]
    : [`port ${port}`];
  const data = kind === "data" ? ['save ""', "appendonly no", "repl-diskless-sync-delay 0"] : [];
  const lines = [`bind ${address}`, `dir ${dir}`, `logfile ${join(dir, "log")}`, ...listen, ...data];
  await writeFile(conf, `${[...lines, ...(options.conf ?? [])].join("\n")}\n`, { mode: 0o600 });

  const child = spawn(binary(engine, kind === "data" ? "server" : "sentinel"), [conf], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  let complaint = "";
  child.stderr?.on("data", (chunk) => {
    complaint += chunk;
  });
  const exited = once(child, "exit");
  const log = () => readFile(join(dir, "log"), "utf8").catch(() => "");
  const ended = () => child.exitCode !== null || child.signalCode !== null;
  const kill = async () => {
    if (!ended()) child.kill("SIGKILL");
    await exited;
  };
  const stop = async () => {
    await kill();
    await rm(dir, { recursive: true, force: true });
  };
  while (!(await accepts(address, port)) || ended()) {
    if (ended()) {
      const tail = `${complaint}${await log()}`.slice(-1000);
      await stop();
      throw new Error(`${engine} ${kind} on ${address}:${port} did not start:\n${tail}`);
    }
    await sleep(20);
  }
  const pid = child.pid ?? 0;
  return { engine, kind, address, port, id: `${address}:${port}`, dir, pid, child, log, kill, stop };
}

/** Runs the engine's own redis-cli on a server and gives what it printed. The password goes through the environment. */
export async function cli(
  server: Pick<Server, "engine" | "address" | "port">,
  args: readonly string[],
  options: { password?: string; user?: string } = {},
): Promise<string> {
  const env = { ...process.env, ...(options.password === undefined ? {} : { REDISCLI_AUTH: options.password }) };
  const who = options.user === undefined ? [] : ["--user", options.user];
  const where = ["-h", server.address, "-p", String(server.port), ...who];
  const { stdout } = await promisify(execFile)(binary(server.engine, "cli"), [...where, ...args], { env });
  return stdout.trim();
}

/** Path of an engine's program: `server`, `sentinel`, `cli`, `check-rdb`, … */
function binary(engine: Engine, program: string): string {
  return join(ENGINE_ROOT, engine, "bin", `${engine.startsWith("valkey") ? "valkey" : "redis"}-${program}`);
}

/**
 * A port that is free now, below the range that the kernel gives to outgoing connections, and whose port + 10000 is
 * free too, as Cluster needs.
 */
export async function freePort(address = "127.0.0.1"): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 12_000);
    if ((await bindable(address, port)) && (await bindable(address, port + 10_000))) return port;
  }
}

async function bindable(address: string, port: number): Promise<boolean> {
  const server = createServer();
  const free = await new Promise<boolean>((resolve) => {
    server.once("error", () => resolve(false));
    server.listen(port, address, () => resolve(true));
  });
  if (free) await new Promise((resolve) => server.close(resolve));
  return free;
}

function accepts(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, address);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** Waits until `check` gives true; fails after `timeoutMs` (default 30 s) naming what it waited for. */
export async function until(what: string, check: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  for (const end = Date.now() + timeoutMs; Date.now() < end; await sleep(50)) {
    if (await check().catch(() => false)) return;
  }
  throw new Error(`waited ${timeoutMs} ms in vain for ${what}`);
}

/** PEM files, by path. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  /** Names and addresses in the certificate; default `IP:127.0.0.1`, `DNS:localhost`. */
  readonly names?: readonly string[];
  /** Validity in days from now; below zero it has expired. Default 2. */
  readonly days?: number;
}

/** Makes a certification authority of its own and one certificate that it signed, in `dir`. */
export async function makeCertificates(dir: string, options: CertificateOptions = {}): Promise<Certificates> {
  const { names = ["IP:127.0.0.1", "DNS:localhost"], days = 2 } = options;
  const home = await mkdtemp(join(dir, "tls-"));
  const at = (name: string) => join(home, name);
  const openssl = (...args: string[]) => promisify(execFile)("openssl", args);
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  await openssl(
    "req",
    "-x509",
    ...newKey,
    "-days",
    "2",
    "-subj",
    "/CN=test ca",
    "-keyout",
    at("ca.key"),
    "-out",
    at("ca.crt"),
  );
  await openssl("req", ...newKey, "-subj", "/CN=test server", "-keyout", at("server.key"), "-out", at("server.csr"));
  await writeFile(at("names"), `subjectAltName=${names.join(",")}\n`);
  const sign = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", String(days)];
  await openssl("x509", "-req", "-in", at("server.csr"), ...sign, "-extfile", at("names"), "-out", at("server.crt"));
  return { ca: at("ca.crt"), cert: at("server.crt"), key: at("server.key") };
}
