import { describe, expect, it } from "vitest";
import { type NodeView, viewOf } from "../../../src/reshard/cluster-view.ts";
import { mayReturn } from "../../../src/reshard/may-return.ts";

const id = (instance: string) => instance.repeat(40).slice(0, 40);
const MEMBERS = ["a", "b"];

/** What a node says of itself and of others: `a master,fail` and the like, with slots where it owns any. */
function view(instance: string, ...lines: string[]): NodeView {
  const text = lines.map((line) => {
    const [name = "", flags = "", follows = "-", ...slots] = line.split(" ");
    return `${id(name)} 127.0.0.1:1@2 ${flags} ${follows === "-" ? "-" : id(follows)} 0 0 1 connected ${slots.join(" ")}`;
  });
  const found = viewOf(instance, text.join("\n"));
  if (!found) throw new Error("names nobody as itself");
  return found;
}

const others = view("c", "c myself,master - 9-10");

describe("who led a shard before and may come back as its primary", () => {
  it("is one that died as a primary, whose slots another has by now", () => {
    const leader = view("b", "b myself,master - 0-8", "a master,fail -", "c master - 9-10");
    expect(mayReturn(leader, MEMBERS, [leader, others])).toBe(true);
  });

  it("is one that is back and has not heard that it is none any more", () => {
    const leader = view("b", "b myself,master - 0-8", "a master -", "c master - 9-10");
    const back = view("a", "a myself,master - 0-8");
    expect(mayReturn(leader, MEMBERS, [leader, back, others])).toBe(true);
  });

  it("is none that follows, nor a replica that is down, nor who is only being met, nor who was taken out of the cluster", () => {
    const leader = view("b", "b myself,master - 0-8", "a slave b", "c master - 9-10");
    const follower = view("a", "a myself,slave b");
    expect(mayReturn(leader, MEMBERS, [leader, follower, others])).toBe(false);
    const alone = view("b", "b myself,master - 0-8", "a slave,fail b", "c master - 9-10");
    expect(mayReturn(alone, MEMBERS, [alone, others])).toBe(false);
    const meeting = view("b", "b myself,master - 0-8", "a slave,fail b", "d handshake -", "c master - 9-10");
    expect(mayReturn(meeting, MEMBERS, [meeting, others])).toBe(false);
    const last = view("b", "b myself,master - 0-8", "c master - 9-10");
    expect(mayReturn(last, MEMBERS, [last, others])).toBe(false);
  });
});
