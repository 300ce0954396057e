import { RedishaError } from "../../../core/errors.ts";
import { EXIT } from "../../../core/exit-codes.ts";
import type { ActionContext } from "../../contract.ts";
import type { Source } from "../sources.ts";
import { stopAhead } from "../store-ahead.ts";
import { fenced } from "./fence.ts";
import { type KeptSave, NotSaved, SourceSave } from "./source-save.ts";

export interface SavedSet {
  readonly saves: readonly { readonly source: Source; readonly kept: KeptSave }[];
  /** How long writes were held; null without a fence. */
  readonly pauseMs: number | null;
  /** Between the first and the last fork. */
  readonly skewMs: number;
}

export interface SaveHow {
  readonly consistency: "parallel" | "fenced";
  readonly pauseLimitMs: number;
  /** Bytes per second to the repository, for what is stored while it is written. */
  readonly limitRate: number | null;
}

/** A full resynchronisation may end a child again and again; more often than this something is wrong with the source. */
const ATTEMPTS = 4;

/**
 * Saves every source, at the same moment as far as that can be had, and proves each. Where the server ended a child of its
 * own accord, or another one came first, it asks again: for that source, or for all where they are one cut.
 */
export async function saveSet(sources: readonly Source[], how: SaveHow, context: ActionContext): Promise<SavedSet> {
  const saves = await Promise.all(sources.map((source) => SourceSave.open(source, context)));
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await saveOnce(saves, how, context);
    } catch (error) {
      await stopAhead(context.life);
      if (!(error instanceof NotSaved)) throw error;
      if (attempt === ATTEMPTS) throw neverSaved(sources, error);
      context.progress(`${error.message}; asking again (${attempt + 1} of ${ATTEMPTS})`);
    }
  }
}

async function saveOnce(
  saves: readonly SourceSave[],
  { consistency, pauseLimitMs, limitRate }: SaveHow,
  context: ActionContext,
): Promise<SavedSet> {
  await Promise.all(saves.map((save) => save.prepare()));
  const forkedAt: number[] = [];
  const ask = async (save: SourceSave) => {
    await save.ask();
    forkedAt.push(performance.now());
  };
  let pauseMs: number | null = null;
  if (consistency === "fenced") {
    const bySource = new Map(saves.map((save) => [save.source, save]));
    const cut = async (source: Source) => {
      const save = bySource.get(source);
      if (save) await ask(save);
    };
    ({ pauseMs } = await fenced([...bySource.keys()], context, pauseLimitMs, cut));
  } else {
    const asked = await Promise.allSettled(saves.map(ask));
    for (const each of asked) if (each.status === "rejected") throw each.reason;
  }
  for (const save of saves) save.storeAhead(limitRate);
  const kept = await Promise.all(saves.map(async (save) => ({ source: save.source, kept: await save.finish() })));
  return { saves: kept, pauseMs, skewMs: Math.round((Math.max(...forkedAt) - Math.min(...forkedAt)) * 10) / 10 };
}

function neverSaved(sources: readonly Source[], { message }: NotSaved): RedishaError {
  return new RedishaError({
    code: "SAVE_INTERRUPTED",
    message: `After ${ATTEMPTS} attempts there is no snapshot of ${sources.map(({ instance }) => instance).join(", ")}: ${message}.`,
    exit: EXIT.failedSafe,
    state: "nothing was stored; the servers answer as before",
    next: [
      "redisha status: a replica that is synchronised again and again cannot save",
      "redisha backup --allow-primary",
    ],
  });
}
