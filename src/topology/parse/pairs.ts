/**
 * A reply of alternating names and values as a map: CONFIG GET by RESP2, a record of Sentinel. A last name without a value is
 * left out; empty where the reply has another shape. It may hold credentials.
 */
export function pairsOf(reply: unknown): Record<string, string> {
  const words = Array.isArray(reply) ? reply.map(String) : [];
  return Object.fromEntries(
    words.flatMap((value, at): [string, string][] => (at % 2 === 1 ? [[words[at - 1] ?? "", value]] : [])),
  );
}
