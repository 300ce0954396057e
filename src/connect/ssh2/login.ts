import type { AnyAuthMethod } from "ssh2";
import { RedishaError } from "../../core/errors.ts";
import { authFailed } from "../ssh-errors.ts";
import type { Identities, Identity } from "./identities.ts";
import type { Hop } from "./route.ts";
import { unlock } from "./unlock.ts";

type Ssh2 = typeof import("ssh2");

/** Offers the keys to a server one after the other, and remembers which, for the message when none of them opens. */
export class Login {
  readonly #ssh2: Ssh2;
  readonly #hop: Hop;
  readonly #passphrase: (() => Promise<string>) | undefined;
  readonly #waiting: Identity[];
  readonly #tried: string[] = [];
  readonly #passedOver: string[];
  #locked: RedishaError | undefined;
  #accepted: readonly string[] = [];

  constructor(ssh2: Ssh2, hop: Hop, identities: Identities, passphrase: (() => Promise<string>) | undefined) {
    this.#ssh2 = ssh2;
    this.#hop = hop;
    this.#passphrase = passphrase;
    this.#waiting = [...identities.keys];
    this.#passedOver = [...identities.passedOver];
  }

  /** The next way to log in; rejects where there is none left. `accepted`: the methods that the server would take. */
  async next(accepted: readonly string[] | null): Promise<AnyAuthMethod> {
    if (accepted) this.#accepted = accepted;
    // A server that takes no keys (any more) need not be shown the rest of them.
    const useful = accepted === null || accepted.includes("publickey");
    for (let key = this.#waiting.shift(); key && useful; key = this.#waiting.shift()) {
      const method = await this.#method(key);
      if (method) return method;
    }
    throw this.failure();
  }

  /** Why the login did not work. */
  failure(): RedishaError {
    if (this.#tried.length === 0 && this.#locked) return this.#locked;
    return authFailed(this.#hop, this.#tried, this.#passedOver, this.#accepted);
  }

  async #method({ shown, source }: Identity): Promise<AnyAuthMethod | undefined> {
    const username = this.#hop.user;
    if (source.kind === "agent") {
      this.#tried.push(shown);
      const agent = new this.#ssh2.OpenSSHAgent(source.socket);
      agent.getIdentities = (callback) => callback(undefined, [source.key]);
      return { type: "agent", username, agent };
    }
    try {
      const key = await unlock(this.#ssh2, this.#hop.label, source, this.#passphrase);
      this.#tried.push(shown);
      return { type: "publickey", username, key };
    } catch (error) {
      if (!(error instanceof RedishaError) || this.#hop.identityRequired) throw error;
      this.#locked ??= error;
      this.#passedOver.push(`${shown} (${source.encrypted ? "has a passphrase" : "cannot be read"})`);
      return undefined;
    }
  }
}
