import { expect, it } from "vitest";
import { withoutWatchAdvice } from "../../../src/cli/status/watch-advice.ts";
import { finding, topology, verdict } from "./topologies.ts";

it("leaves out of a watch the advice to watch, and keeps what else is advised", () => {
  const next = [
    "redisha status --watch",
    "watch the failover: redisha status --watch (mymaster)",
    "wait for down-after and the failover, then look again: redisha status --watch",
    "journalctl -u redis",
  ];
  const seen = { topology: topology(), verdict: verdict({ findings: [finding({ next })] }) };
  expect(withoutWatchAdvice(seen).verdict.findings[0]?.next).toEqual([
    "watch the failover",
    "wait for down-after and the failover",
    "journalctl -u redis",
  ]);
});
