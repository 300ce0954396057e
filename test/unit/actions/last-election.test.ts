import { describe, expect, it } from "vitest";
import { electionLeftMs } from "../../../src/actions/cluster/last-election.ts";

const ASKED = "cluster_state:ok\r\ncluster_stats_messages_auth-req_sent:1\r\n";
const following = (seconds: number) =>
  `id=3 addr=10.0.0.1:6379 name= age=${seconds} idle=0 flags=M db=0 cmd=ping user=\nid=4 addr=10.0.0.9:4711 name= age=900 flags=N db=0 cmd=client|list user=redisha\n`;

describe("a replica that is to take over", () => {
  it("may do so at once where it never asked for votes", () => {
    expect(electionLeftMs({ info: "cluster_state:ok\r\n", clients: following(0), nodeTimeoutMs: 5_000 })).toBe(0);
  });

  it("waits until four times node-timeout have passed since it became one, and a second for what is rounded", () => {
    expect(electionLeftMs({ info: ASKED, clients: following(3), nodeTimeoutMs: 5_000 })).toBe(18_000);
    expect(electionLeftMs({ info: ASKED, clients: following(21), nodeTimeoutMs: 5_000 })).toBe(0);
  });

  it("waits for four seconds at least, and for all of it while it has no link", () => {
    expect(electionLeftMs({ info: ASKED, clients: "", nodeTimeoutMs: 500 })).toBe(5_000);
  });
});
