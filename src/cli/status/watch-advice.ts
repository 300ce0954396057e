import type { StatusReport } from "./render-status.ts";

/** What was seen, without the advice to watch it: that is being done. Of advice that only ends so, the rest stays. */
export function withoutWatchAdvice<R extends StatusReport>(seen: R): R {
  const findings = seen.verdict.findings.map((finding) => ({ ...finding, next: finding.next.flatMap(withoutWatch) }));
  return { ...seen, verdict: { ...seen.verdict, findings } };
}

function withoutWatch(next: string): string[] {
  const left = next.replace(/(^|(, then look again)?: )redisha status --watch\b.*$/, "");
  return left === "" ? [] : [left];
}
