/**
 * What redisha adds to min-replicas-to-write of replicas whose primary gives slots away: more than anybody has, so that one that
 * takes over refuses writes until it has been told which slots are on their way. Added to the value from before, so that whoever
 * finds it, after a crash too, knows what to give back.
 */
export const BAR = 1_000_000;

/** The value of min-replicas-to-write from before it was barred; undefined where it is not. */
export function beforeBar(value: number | null): number | undefined {
  return value !== null && value >= BAR ? value - BAR : undefined;
}
