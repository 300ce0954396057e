import type { RedisReply } from "../../connect/types.ts";
import { parseRole } from "../../topology/parse/role.ts";
import type { Addresses } from "../addresses.ts";
import type { Question } from "./asking-route.ts";

/** For a Sentinel: where the primary of the group is. */
export function askSentinel(masterName: string, addresses: Addresses): Question {
  return async (connection) => {
    const reply = await connection.command(["SENTINEL", "GET-MASTER-ADDR-BY-NAME", masterName]);
    return Array.isArray(reply) ? addresses.find(String(reply[0]), Number(reply[1]), connection.instance) : null;
  };
}

/** For a data instance outside a cluster: whether it is the primary itself. */
export const askRole: Question = async (connection) => {
  const role = parseRole(await connection.command(["ROLE"]));
  return role?.role === "primary" ? connection.instance : null;
};

/** For a node of a cluster: the primary that owns a slot. */
export function askSlots(slot: number, addresses: Addresses): Question {
  return async (connection) => {
    const ranges = await connection.command(["CLUSTER", "SLOTS"]);
    for (const range of Array.isArray(ranges) ? ranges : []) {
      const primary = ownerOf(range, slot);
      if (primary) return nodeOf(primary, addresses, connection.instance);
    }
    return null;
  };
}

/** `[from, to, [address, port, id, …], …]`: the node that comes first is the primary. */
function ownerOf(range: RedisReply, slot: number): RedisReply[] | undefined {
  if (!Array.isArray(range)) return undefined;
  const [from, to, primary] = range;
  return slot >= Number(from) && slot <= Number(to) && Array.isArray(primary) ? primary : undefined;
}

/** An empty or missing address is that of the node that was asked. */
function nodeOf([address, port, id]: RedisReply[], addresses: Addresses, asked: string): string | null {
  const known = typeof id === "string" ? addresses.findNode(id) : null;
  if (known !== null) return known;
  return address ? addresses.find(String(address), Number(port), asked) : asked;
}
