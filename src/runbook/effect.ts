/** What an action does to the deployment, mildest first. A step may raise its action's effect, never lower it. */
export const EFFECTS = ["read", "change", "disruptive", "destructive"] as const;
export type Effect = (typeof EFFECTS)[number];
