/** What clients will see of an init, for the question beforehand. */
export function meaningOf(restart: boolean): string {
  return restart
    ? "Servers that need it are restarted, one after the other; a primary hands over first."
    : "What runs is not restarted, but for Sentinels, one after the other.";
}
