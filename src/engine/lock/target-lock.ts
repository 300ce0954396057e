import type { HostConnection } from "../../connect/types.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Host } from "../../inventory/model.ts";
import { type LockAnswer, type LockArguments, type Place, runLockScript } from "./script-call.ts";
import { PREPARE, RELEASE, RENEW, TAKE } from "./scripts.ts";
import type { Mark, SuspendClock } from "./suspend-clock.ts";
import { Watch } from "./watch.ts";

/** How the lock stands on one host, as far as was last seen. */
export type Standing =
  /** It answered that the lock is ours. */
  | "held"
  /** It was ours, and the host has not answered since. */
  | "silent"
  /** It could not be reached when the lock was taken. */
  | "absent"
  /** It has restarted, and its lock went with that. */
  | "rebooted"
  /** Our lease ran out there, and nobody else has taken it. */
  | "expired"
  /** Somebody else has it, or somebody removed it. */
  | "taken_away";

/** Time for a script that a person waits for. */
const PATIENCE_MS = 15_000;

/** The lock on one host, over a connection that is opened again where it was lost. */
export class TargetLock {
  readonly host: Host;
  standing: Standing = "absent";
  /** Who has it instead of us, where somebody has. */
  other: LockAnswer | undefined;
  place: Place = "shared";
  directory = "";
  /** Something was sent there, so that there may be something to give back. */
  touched = false;
  #clockId = "";
  #proof: { readonly mark: Mark; readonly leftMs: number } | undefined;
  readonly #shell: (host: Host) => Promise<HostConnection>;
  readonly #arguments: LockArguments;
  readonly #clock: SuspendClock;
  #watch: Watch | undefined;

  constructor(
    host: Host,
    shell: (host: Host) => Promise<HostConnection>,
    lockArguments: LockArguments,
    clock: SuspendClock,
  ) {
    this.host = host;
    this.#shell = shell;
    this.#arguments = lockArguments;
    this.#clock = clock;
  }

  /** Time for which nobody else can take it, in milliseconds, sleep of this machine included; 0 where that is not known. */
  provenMs(): number {
    if (!this.#proof || this.standing === "taken_away") return 0;
    return Math.max(0, this.#proof.leftMs - this.#clock.since(this.#proof.mark));
  }

  /** Takes it, or returns who has it. Fails with the connection's error, or LOCK_UNAVAILABLE. */
  async take(signal: AbortSignal): Promise<LockAnswer | undefined> {
    let answer = await this.#call(TAKE, { signal });
    if (answer.result === "unwritable" || answer.result === "forbidden") {
      if (await this.#prepare(answer, signal)) answer = await this.#call(TAKE, { signal });
      if (answer.result === "unwritable") {
        this.place = "home";
        answer = await this.#call(TAKE, { signal });
      }
    }
    if (answer.result === "held") return answer;
    if (answer.result !== "taken") throw unavailable(this.host, answer);
    this.standing = "held";
    this.directory = answer.directory;
    this.#clockId = answer.clock;
    return undefined;
  }

  /** Puts the end of the lease off. `revive` also where it is over and nobody else came. Unreachable is a standing, too. */
  async renew(options: { revive: boolean; timeoutMs: number }): Promise<void> {
    const extra = [options.revive ? "revive" : "", this.#clockId];
    await this.#settle(() => this.#call(RENEW, { extra, timeoutMs: options.timeoutMs }));
  }

  /** Looks whether it is ours still; changes nothing. */
  async check(timeoutMs: number): Promise<void> {
    await this.#settle(async () => {
      const shell = await this.#shell(this.host);
      const about = { ...this.#arguments, place: this.place };
      if (!this.#watch || this.#watch.closed) this.#watch = await Watch.open(shell, about);
      const watch = this.#watch;
      return this.#noting(() => watch.ask(timeoutMs));
    });
  }

  /** Gives it back where it is ours. */
  async release(timeoutMs: number): Promise<LockAnswer> {
    this.#watch?.close();
    const answer = await this.#call(RELEASE, { timeoutMs });
    this.#proof = undefined;
    return answer;
  }

  async #settle(asking: () => Promise<LockAnswer>): Promise<void> {
    try {
      const answer = await asking();
      if (answer.result === "foreign") this.other = answer;
      this.standing = this.#lostByReboot(answer) ? "rebooted" : (STANDING[answer.result] ?? "silent");
    } catch {
      if (this.standing === "held") this.standing = "silent";
    }
  }

  /** A boot clears away what lay in /run: nobody took it. */
  #lostByReboot({ result, clock }: LockAnswer): boolean {
    return result === "gone" && this.#clockId !== "" && clock !== this.#clockId;
  }

  async #call(
    script: string,
    options: { extra?: readonly string[]; signal?: AbortSignal; timeoutMs?: number },
  ): Promise<LockAnswer> {
    const { extra = [], signal, timeoutMs = PATIENCE_MS } = options;
    const shell = await this.#shell(this.host);
    this.touched = true;
    const about = { ...this.#arguments, place: this.place };
    const limits = { timeoutMs, ...(signal ? { signal } : {}) };
    return this.#noting(() => runLockScript(shell, script, about, extra, limits));
  }

  /** Keeps what an answer proves. Counted from before it was asked: what the way took makes the rest look only shorter. */
  async #noting(ask: () => Promise<LockAnswer>): Promise<LockAnswer> {
    const mark = this.#clock.mark();
    const answer = await ask();
    if (answer.result === "taken" || answer.ours) this.#proof = { mark, leftMs: answer.leftMs };
    else if (answer.result !== "full") this.#proof = undefined;
    return answer;
  }

  /** With root: makes the shared place. False where there is no way to be root. */
  async #prepare(answer: LockAnswer, signal: AbortSignal): Promise<boolean> {
    const { ssh } = this.host;
    if (answer.result !== "unwritable" || ssh === "none" || (ssh !== "local" && ssh.become === "none")) return false;
    const shell = await this.#shell(this.host);
    try {
      const { code } = await shell.script(PREPARE, [], { become: true, timeoutMs: PATIENCE_MS, signal });
      return code === 0;
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof RedishaError && error.code === "SSH_SUDO_REFUSED") return false;
      throw error;
    }
  }
}

const STANDING: Readonly<Record<string, Standing>> = {
  held: "held",
  foreign: "taken_away",
  gone: "taken_away",
  expired: "expired",
  rebooted: "rebooted",
};

function unavailable(host: Host, { result, directory, run, user }: LockAnswer): RedishaError {
  const why: Readonly<Record<string, string>> = {
    no_flock: "there is no flock(1) on it",
    full: `${directory} cannot be written (is the disk full?)`,
    unwritable: `neither /run/lock/redisha nor ${directory} can be written`,
    forbidden: run
      ? `the lock of run ${run} has run out, but it belongs to another account there (that of ${user})`
      : `${directory} is in the way and belongs to another account`,
  };
  const next: Readonly<Record<string, readonly string[]>> = {
    no_flock: [`install util-linux on ${host.name}`],
    full: ["df -h /run/lock"],
    forbidden: [`sudo rm -r ${directory}, on ${host.name}`],
  };
  return new RedishaError({
    code: "LOCK_UNAVAILABLE",
    message: `${host.name} cannot be locked: ${why[result] ?? `it answered ${result}`}.`,
    host: host.name,
    exit: EXIT.failedSafe,
    state: "nothing was changed",
    next: next[result] ?? [`let the user write /run/lock on ${host.name}, or allow it sudo`],
  });
}
