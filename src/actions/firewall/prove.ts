import { connect } from "node:net";
import type { Duplex } from "node:stream";
import { z } from "zod";
import { messageOf, RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import { reachedBus } from "../../firewall/needs.ts";
import { covers, parseNetwork } from "../../firewall/network.ts";
import type { Deployment, Host } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";
import { defineAction } from "../define.ts";
import { hostOf } from "../needs.ts";

/** A packet that is dropped is sent again after one second and after three; who has not answered then will not. */
const SILENT_MS = 5_000;

const provedSchema = z.strictObject({
  reached: z.array(z.string()).describe("Connections that came through, as they should"),
  missing: z.array(z.string()).describe("Connections that did not, and should"),
  closed: z.array(z.string()).describe("Connections that did not come through, and should not"),
  exposed: z.array(z.string()).describe("Connections that came through, and should not"),
  unshown: z.array(z.string()).describe("What could not be tried, and why"),
});
type Proved = z.output<typeof provedSchema>;

/** One connection to try. */
interface Attempt {
  readonly from: string;
  readonly to: string;
  /** Undefined: nobody knows whether it should. */
  readonly allowed: boolean | undefined;
  dial(): Promise<Duplex>;
}

/** Tries the ports of a host from the others and from this machine: rules are only known to work by the traffic. */
export const firewallProve = defineAction({
  name: "firewall.prove",
  summary: "Connects to the ports of each targeted host, from every other host of the deployment and from this machine",
  scope: "host",
  effect: "read",
  input: z.strictObject({
    must: z
      .enum(["reach", "close", "both"])
      .default("both")
      .describe("What makes it fail: who should get through and does not, or who should not and does"),
  }),
  output: provedSchema,
  example: `- id: prove
  action: firewall.prove
  targets: { role: any }
  with: { must: both }`,
  commands: () => [{ transport: "controller", text: "connect to its ports from the other hosts and from here" }],
  takesMs: () => SILENT_MS * 6,
  async run({ must }, context) {
    const host = hostOf(context);
    const managed = context.deployment.firewall?.manager === "ufw";
    const proved = managed ? await tryPorts(host, context, must) : nothingTried();
    for (const said of proved.unshown) context.progress(said);
    if (must !== "close" && proved.missing.length > 0) throw blocked(host, proved.missing);
    if (must !== "reach" && proved.exposed.length > 0) throw exposed(host, proved.exposed);
    return { outputs: proved, changed: false };
  },
});

function nothingTried(): Proved {
  return { reached: [], missing: [], closed: [], exposed: [], unshown: [] };
}

/** Connects to every port of a host from wherever it can, and holds what comes of it against redisha.yaml. */
export async function tryPorts(host: Host, context: ActionContext, must: "reach" | "close" | "both"): Promise<Proved> {
  const proved = nothingTried();
  const attempts = [...(await fromOthers(host, context, proved)), ...(await fromHere(host, context, proved))];
  // Whoever must not get in is silent for seconds: that is waited for only where it is asked for.
  const asked = attempts.filter(({ allowed }) => must !== "reach" || allowed !== false);
  await Promise.all(asked.map((attempt) => judge(attempt, proved)));
  for (const list of Object.values(proved)) list.sort();
  return proved;
}

/** Every other host needs every port, the bus included. */
async function fromOthers(host: Host, context: ActionContext, proved: Proved): Promise<Attempt[]> {
  const { deployment } = context;
  const others = deployment.hosts.filter(({ name }) => name !== host.name);
  const found = await Promise.all(
    others.map(async (other) => {
      try {
        const shell = await context.shell(other);
        return portsOf(deployment, host).map(({ address, port }) => ({
          from: other.name,
          to: `${address}:${port}`,
          allowed: true,
          dial: () => shell.forward(address, port, context.signal),
        }));
      } catch (error) {
        proved.unshown.push(`nothing was tried from ${other.name}: ${messageOf(error)}`);
        return [];
      }
    }),
  );
  return found.flat();
}

/** What this machine may reach is told by the address that the host sees it come from. */
async function fromHere(host: Host, context: ActionContext, proved: Proved): Promise<Attempt[]> {
  const { deployment } = context;
  if (typeof host.ssh !== "object") {
    proved.unshown.push(`nothing was tried from outside ${host.name}: redisha does not come to it by SSH`);
    return [];
  }
  const shell = await context.shell(host);
  const { stdout } = await shell.script('printf %s "${SSH_CONNECTION-}"', [], { signal: context.signal });
  const own = parseNetwork(stdout.split(" ")[0] ?? "");
  if (host.ssh.jump !== undefined || !own) {
    proved.unshown.push(`nothing was tried from this machine: it comes to ${host.name} over another`);
    return [];
  }
  const { trusted = [], clients = [] } = deployment.firewall ?? {};
  const isIn = (texts: readonly string[]) =>
    texts.some((text) => {
      const network = parseNetwork(text);
      return network !== undefined && covers(network, own);
    });
  const isHost = isIn(deployment.hosts.map(({ address }) => address));
  return portsOf(deployment, host).map(({ address, port, bus }) => ({
    from: `this machine (${own.text})`,
    to: `${address}:${port}`,
    allowed: isHost || isIn(trusted) || (!bus && isIn(clients)),
    dial: () => dial(address, port),
  }));
}

function portsOf(deployment: Deployment, host: Host): { address: string; port: number; bus: boolean }[] {
  return deployment.instances
    .filter((instance) => instance.host.name === host.name)
    .flatMap((instance) => {
      const { address, port } = instance;
      const bus = reachedBus(deployment, instance);
      return [{ address, port, bus: false }, ...(bus === undefined ? [] : [{ address, port: bus, bus: true }])];
    });
}

async function judge({ from, to, allowed, dial: open }: Attempt, proved: Proved): Promise<void> {
  const way = `${from} -> ${to}`;
  const answer = await answerOf(open);
  if (answer.kind === "unknown") proved.unshown.push(`${way}: ${answer.why}`);
  else if (allowed && answer.kind !== "silent") proved.reached.push(answer.kind === "open" ? way : `${way} (refused)`);
  else if (allowed) proved.missing.push(way);
  else if (answer.kind === "open") proved.exposed.push(way);
  else if (answer.kind === "silent") proved.closed.push(way);
  else proved.unshown.push(`${way}: refused, by a firewall or because nothing listens`);
}

type Answer = { readonly kind: "open" | "refused" | "silent" } | { readonly kind: "unknown"; readonly why: string };

/** What comes of an attempt to connect; it is given up after five seconds. */
export async function answerOf(open: () => Promise<Duplex>): Promise<Answer> {
  const opening = open();
  const timer = Promise.withResolvers<undefined>();
  const timeout = setTimeout(() => timer.resolve(undefined), SILENT_MS);
  try {
    const stream = await Promise.race([opening, timer.promise]);
    if (!stream) {
      opening.then((late) => late.on("error", () => undefined).destroy()).catch(() => undefined);
      return { kind: "silent" };
    }
    stream.on("error", () => undefined).destroy();
    return { kind: "open" };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (/REFUSED$/.test(code) && code !== "SSH_FORWARD_REFUSED") return { kind: "refused" };
    if (/TIMEOUT|UNREACH|TIMEDOUT/.test(code)) return { kind: "silent" };
    return { kind: "unknown", why: messageOf(error) };
  } finally {
    clearTimeout(timeout);
  }
}

function dial(host: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once("connect", () => resolve(socket));
    socket.once("error", reject);
  });
}

function blocked(host: Host, missing: readonly string[]): RedishaError {
  return new RedishaError({
    code: "FIREWALL_BLOCKS",
    message: `${host.name} does not let through what it should: ${missing.join(", ")}`,
    host: host.name,
    exit: EXIT.verificationFailed,
    state: "what is armed is put back",
    next: [`on ${host.name}: ufw status numbered`, "a host behind a translated address belongs under firewall.trusted"],
  });
}

function exposed(host: Host, open: readonly string[]): RedishaError {
  return new RedishaError({
    code: "FIREWALL_EXPOSES",
    message: `${host.name} lets through what it should not: ${open.join(", ")}`,
    host: host.name,
    exit: EXIT.verificationFailed,
    state: "the rules of redisha.yaml stand; others let more in",
    next: [`on ${host.name}: ufw status numbered`, "redisha run init-firewall --dry-run names rules of others that do"],
  });
}
