import { commandName, RedisReplyError } from "../../connect/redis/reply-error.ts";
import type { RedisReply } from "../../connect/types.ts";
import { messageOf, RedishaError } from "../../core/errors.ts";
import type { Observation } from "../../topology/observation.ts";

type Refused = Observation["refused"][number];

/** Sends commands in one round trip and gives an answer for each, within the time that is left. */
export type Ask = (argvs: readonly (readonly string[])[]) => Promise<(RedisReply | Error)[]>;

/** What one instance answered so far, command by command; keeps what was refused. */
export class Answers {
  readonly #ask: Ask;
  readonly #answers = new Map<string, RedisReply | Error>();
  readonly #refused = new Map<string, Refused>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Asks all of these in one round trip. */
  async ask(argvs: readonly (readonly string[])[]): Promise<void> {
    const outcomes = await this.#ask(argvs);
    for (const [index, argv] of argvs.entries()) {
      const outcome = outcomes[index];
      if (outcome !== undefined) this.#answers.set(key(argv), outcome);
    }
  }

  /** The reply to a command that was asked, or undefined and a note in `refused` where it was an error. */
  take(...argv: readonly string[]): RedisReply | undefined {
    const answer = this.#answers.get(key(argv));
    if (!(answer instanceof Error)) return answer;
    this.refuse(commandName(argv), answer instanceof RedishaError ? answer.code : "UNEXPECTED", messageOf(answer));
    return undefined;
  }

  /** Like `take`, for a command whose error reply may be an answer: gives the server's words where `expected` knows them. */
  takeOr(expected: RegExp, ...argv: readonly string[]): { reply?: RedisReply; said?: string } {
    const answer = this.#answers.get(key(argv));
    if (answer instanceof RedisReplyError && expected.test(answer.reply)) return { said: answer.reply };
    const reply = this.take(...argv);
    return reply === undefined ? {} : { reply };
  }

  /** Notes a refusal; the same one met by several commands of one name is noted once. */
  refuse(command: string, code: string, message: string): void {
    this.#refused.set(`${command} ${code}`, { command, code, message });
  }

  get refused(): readonly Refused[] {
    return [...this.#refused.values()];
  }

  /** Why nothing was answered at all; undefined where the server said a word, be it an error. */
  get silence(): Error | undefined {
    let first: Error | undefined;
    for (const answer of this.#answers.values()) {
      if (!(answer instanceof Error) || answer instanceof RedisReplyError) return undefined;
      first ??= answer;
    }
    return first;
  }
}

function key(argv: readonly string[]): string {
  return argv.join(" ");
}
