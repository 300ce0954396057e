import { drillIn } from "../../drill/drill-slot.ts";
import type { ActionContext } from "../contract.ts";

/**
 * Marks a moment in the drill of the run, where there is one: at the first word that the script says, which is right behind
 * what it does, and not when the script has ended.
 */
export function drillMark(context: ActionContext, name: string, detail: string): () => void {
  let marked = false;
  return () => {
    if (!marked) drillIn(context.life)?.mark(name, detail);
    marked = true;
  };
}
