/** What is wrong with an expression, and where in its text. */
export interface TreeProblem {
  readonly offset: number;
  readonly message: string;
  readonly hint?: string;
}

/** Types in words: without the notation of the library. */
export function friendlyTypes(text: string): string {
  return text
    .replace(/dyn<([^<>]+)>/g, "$1")
    .replace(/ object( \d+)?\b/g, "")
    .replaceAll("google.protobuf.Duration", "duration")
    .replaceAll("google.protobuf.Timestamp", "timestamp");
}
