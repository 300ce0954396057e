import { EXIT } from "../core/exit-codes.ts";
import type { Verdict } from "./schema.ts";

/** Exit status of a look at a deployment: 0 healthy, 9 not, 6 where nothing could be reached or logged in to. */
export function verdictExit(verdict: Verdict): typeof EXIT.done | typeof EXIT.unhealthy | typeof EXIT.cannotConnect {
  if (verdict.state === "unreachable") return EXIT.cannotConnect;
  return verdict.state === "healthy" ? EXIT.done : EXIT.unhealthy;
}
