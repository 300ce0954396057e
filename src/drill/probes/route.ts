import type { Trouble } from "../trouble.ts";

/** How a client finds the server that it writes to: what tells one kind of probe from another. */
export interface Route {
  /** The instance to connect to, by id. Fails with a RedishaError where nobody names one; the next attempt asks again. */
  next(): Promise<string>;
  /** The attempt on the instance failed in a way that makes a client look around. */
  failed(instance: string, trouble: Trouble): void;
  /** Called with what is to be done when the route learns by itself that the primary is another now. */
  onMoved?(leave: (to: string) => void): void;
  close(): void;
}

/** Keeps to one address, whatever happens: an application with the primary's address in its configuration. */
export function stickyRoute(instance: string): Route {
  return { next: async () => instance, failed: () => undefined, close: () => undefined };
}
