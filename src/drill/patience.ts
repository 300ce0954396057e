import type { Limits } from "./dialer.ts";
import type { DrillSettings } from "./settings.ts";

/**
 * How long probes and watchers try to connect, log in and all. While a drill starts that is no part of what is measured: they
 * wait for as long as the deployment is given elsewhere. From `measure` on they are as impatient as the applications that
 * they stand for, and a silence is seen as soon as those would notice it.
 */
export class Patience implements Limits {
  connectMs: number;
  readonly commandMs: number;

  constructor({ answer_ms, connect_ms }: Pick<DrillSettings, "answer_ms" | "connect_ms">) {
    this.connectMs = Math.max(answer_ms, connect_ms);
    this.commandMs = answer_ms;
  }

  measure(): void {
    this.connectMs = this.commandMs;
  }
}
