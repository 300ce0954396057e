import type { Instance } from "./model.ts";

/** The port that it listens on: what is looked for on its host. */
export function ownPort({ port, listenPort }: Pick<Instance, "port" | "listenPort">): number {
  return listenPort ?? port;
}

/** The port that redisha.yaml names it by, and files and units after it. */
export function namedPort(instance: Pick<Instance, "port" | "listenPort" | "declaredPort">): number {
  return instance.declaredPort ?? ownPort(instance);
}

/** Where others reach another port that it listens on, such as that of its bus. */
export function reachedPort({ translated }: Pick<Instance, "translated">, own: number): number {
  return translated?.[String(own)] ?? own;
}

/** Where it is reached from its own host: the way from there by the address for others may lead nowhere. */
export function ownEndpoint(instance: Pick<Instance, "address" | "listen" | "port" | "listenPort">) {
  return { address: instance.listen ?? instance.address, port: ownPort(instance) };
}
