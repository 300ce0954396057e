import type { Attempt } from "./recording.ts";

const OUTCOMES = ["acked", "refused", "unknown"] as const;
const FIRST_CAPACITY = 4_096;

/** Attempts in columns, as they cross threads. Names of nodes and errors are numbers: places in `words`, 0 for none. */
export interface AttemptColumns {
  readonly length: number;
  readonly seq: Int32Array;
  readonly sent: Float64Array;
  readonly ended: Float64Array;
  readonly node: Uint16Array;
  readonly outcome: Uint8Array;
  readonly error: Uint16Array;
  readonly words: readonly string[];
}

/** What a probe did, in the order in which it began. Some 27 bytes each: a drill of half an hour has millions. */
export class AttemptLog {
  #length = 0;
  #seq = new Int32Array(FIRST_CAPACITY);
  #sent = new Float64Array(FIRST_CAPACITY);
  #ended = new Float64Array(FIRST_CAPACITY);
  #node = new Uint16Array(FIRST_CAPACITY);
  #outcome = new Uint8Array(FIRST_CAPACITY);
  #error = new Uint16Array(FIRST_CAPACITY);
  readonly #words: string[] = [""];
  readonly #places = new Map<string, number>();

  get length(): number {
    return this.#length;
  }

  add(attempt: Attempt): void {
    if (this.#length === this.#seq.length) this.#grow();
    const i = this.#length;
    this.#seq[i] = attempt.seq;
    this.#sent[i] = attempt.sent;
    this.#ended[i] = attempt.ended;
    this.#node[i] = this.#place(attempt.node ?? "");
    this.#outcome[i] = OUTCOMES.indexOf(attempt.outcome);
    this.#error[i] = this.#place(attempt.error ?? "");
    this.#length += 1;
  }

  at(index: number): Attempt | undefined {
    return index < this.#length && index >= 0 ? attemptAt(this.columns(), index) : undefined;
  }

  /** How an attempt ended. Cheaper than `at`: for going over many of them while others are being measured. */
  outcomeAt(index: number): Attempt["outcome"] {
    return OUTCOMES[this.#outcome[index] ?? 0] ?? "unknown";
  }

  endedAt(index: number): number {
    return this.#ended[index] ?? 0;
  }

  latencyAt(index: number): number {
    return (this.#ended[index] ?? 0) - (this.#sent[index] ?? 0);
  }

  /** Index of the first attempt that ended at `since` or later; they end in the order in which they began. */
  firstEndedAt(since: number): number {
    let low = 0;
    let high = this.#length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#ended[middle] ?? 0) < since) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** A view, not a copy. */
  columns(): AttemptColumns {
    const upTo = this.#length;
    return {
      length: upTo,
      seq: this.#seq.subarray(0, upTo),
      sent: this.#sent.subarray(0, upTo),
      ended: this.#ended.subarray(0, upTo),
      node: this.#node.subarray(0, upTo),
      outcome: this.#outcome.subarray(0, upTo),
      error: this.#error.subarray(0, upTo),
      words: this.#words,
    };
  }

  #place(word: string): number {
    if (word === "") return 0;
    const known = this.#places.get(word);
    if (known !== undefined) return known;
    this.#places.set(word, this.#words.length);
    return this.#words.push(word) - 1;
  }

  #grow(): void {
    const capacity = this.#seq.length * 2;
    this.#seq = copied(new Int32Array(capacity), this.#seq);
    this.#sent = copied(new Float64Array(capacity), this.#sent);
    this.#ended = copied(new Float64Array(capacity), this.#ended);
    this.#node = copied(new Uint16Array(capacity), this.#node);
    this.#outcome = copied(new Uint8Array(capacity), this.#outcome);
    this.#error = copied(new Uint16Array(capacity), this.#error);
  }
}

/** All of them as the recording has them. */
export function attemptsOf(columns: AttemptColumns): Attempt[] {
  return Array.from({ length: columns.length }, (_, index) => attemptAt(columns, index));
}

/** Times to a microsecond: more would only make files longer. */
function attemptAt({ seq, sent, ended, node, outcome, error, words }: AttemptColumns, index: number): Attempt {
  const word = words[error[index] ?? 0] ?? "";
  return {
    seq: seq[index] ?? -1,
    sent: toMicros(sent[index] ?? 0),
    ended: toMicros(ended[index] ?? 0),
    node: words[node[index] ?? 0] || null,
    outcome: OUTCOMES[outcome[index] ?? 0] ?? "unknown",
    ...(word === "" ? {} : { error: word }),
  };
}

function toMicros(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function copied<T extends { set(from: ArrayLike<number>): void }>(into: T, from: ArrayLike<number>): T {
  into.set(from);
  return into;
}
