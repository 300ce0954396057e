/** What an action does to the deployment, mildest first. A step may raise its action's effect, never lower it. */
export const EFFECTS = ["read", "change", "disruptive", "destructive"] as const;
export type Effect = (typeof EFFECTS)[number];

/** The worst of several; `read` where there are none. */
export function worstEffect(effects: readonly Effect[]): Effect {
  return EFFECTS.findLast((effect) => effects.includes(effect)) ?? "read";
}
