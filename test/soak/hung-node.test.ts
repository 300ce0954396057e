import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, it } from "vitest";
import { bringUpLab, type TestLab } from "../support/lab.ts";
import { until } from "../support/until.ts";

const RUNS = Number(process.env.REDISHA_SOAK_RUNS ?? 3);

interface Shard {
  readonly primary: string;
  readonly replica: string;
}

/** The shard of the slots from 0 on, once the node that is asked knows both of it, and both are well. */
async function firstShard(lab: TestLab): Promise<Shard> {
  let found: Shard | undefined;
  await until(async () => {
    const lines = (await lab.cli("r2:6379", "CLUSTER", "NODES")).split("\n").map((line) => line.split(" "));
    const idOf = (address = "") =>
      lab.status.processes.find((each) => address.startsWith(`${each.address}:${each.port}@`))?.id ?? "";
    const primary = lines.find((words) => words[8]?.startsWith("0-"));
    const replica = lines.find((words) => words[3] === primary?.[0] && !/fail/.test(words[2] ?? ""));
    if (!primary || !replica) return false;
    found = { primary: idOf(primary[1]), replica: idOf(replica[1]) };
    return (await lab.cli(found.replica, "INFO", "replication")).includes("master_link_status:up");
  });
  return found ?? { primary: "", replica: "" };
}

async function clientOf(lab: TestLab, id: string): Promise<Socket> {
  const { address: host, port } = lab.status.processes.find((each) => each.id === id) ?? { address: "", port: 0 };
  const socket = connect({ host, port, noDelay: true });
  await once(socket, "connect");
  return socket;
}

/** Appends to a list whose key lies in the first shard; gives the answer, whenever it comes. */
async function push(socket: Socket, value: string): Promise<string> {
  socket.write(`*3\r\n$5\r\nRPUSH\r\n$4\r\n{b}l\r\n$${value.length}\r\n${value}\r\n`);
  const [answer] = await once(socket, "data");
  return String(answer).trim();
}

it.each(["redis-7.0", "valkey-9.1"] as const)(
  `a node of a Cluster (%s) that hung acknowledges what was sent to it meanwhile, though another took over, and that is lost; ${RUNS} times`,
  async (engine) => {
    await using lab = await bringUpLab({ topology: "cluster", engine, downAfterMs: 2_000 });
    for (let n = 0; n < RUNS; n += 1) {
      const { primary, replica } = await firstShard(lab);
      const [early, late] = [await clientOf(lab, primary), await clientOf(lab, primary)];
      await lab.kill(primary, "SIGSTOP");
      const before = push(early, `before-${n}`);
      await until(async () => (await lab.cli(replica, "ROLE")).startsWith("master"));
      const after = push(late, `after-${n}`);
      await lab.kill(primary, "SIGCONT");
      const answers = await Promise.all([before, after]);
      await until(async () => (await lab.cli(primary, "ROLE")).startsWith("slave"));
      const kept = (await lab.cli(replica, "LRANGE", "{b}l", "0", "-1")).split("\n");
      process.stdout.write(`${JSON.stringify({ engine, answers, kept: kept.filter(Boolean) })}\n`);
      expect(answers[0]).toMatch(/^:\d+$/);
      expect(kept).not.toContain(`before-${n}`);
      expect(kept).not.toContain(`after-${n}`);
      for (const socket of [early, late]) socket.destroy();
    }
  },
);
