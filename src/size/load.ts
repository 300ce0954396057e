import { z } from "zod";
import { type InfoMap, intField } from "../topology/parse/info.ts";
import { keyCount } from "../topology/parse/keyspace.ts";

/** What one primary holds, and what its clients have it do. Rates are per second. */
export const loadSchema = z.strictObject({
  keys: z.number(),
  data_bytes: z.number().describe("What keys take, with their table"),
  clients: z.number(),
  client_bytes: z.number().describe("What the buffers of one client take"),
  ops: z.number(),
  writes: z.number().describe("Of these, the ones that change something; measured, the most that there can be"),
  write_bytes: z.number().describe("What is sent to each replica"),
  in_bytes: z.number().describe("What clients send"),
  out_bytes: z.number().describe("What clients are sent"),
  fragmentation: z.number().describe("Memory of the process, in times of what the server counts"),
  cow_bytes: z.number().nullable().describe("What the last fork copied since clients went on; null: not known"),
  replicas: z.number(),
  aof: z.boolean(),
});

export type Load = z.infer<typeof loadSchema>;

/** What a write is at least in the stream to replicas. */
const WRITE_BYTES = 60;

/** Less than this says nothing of fragmentation: the program itself is as large. */
const SMALL = 64 * 1024 ** 2;

/** What a client's buffers take where none is connected: input and output as they are at first. */
const CLIENT_BYTES = 20_480;

/** Of two looks at INFO, `ms` apart. */
export function loadBetween(first: InfoMap, second: InfoMap, ms: number): Load {
  const now = (name: string) => intField(second, name) ?? 0;
  const rate = (name: string) =>
    Math.max(0, ((intField(second, name) ?? 0) - (intField(first, name) ?? 0)) / (ms / 1_000));
  const keys = keyCount(second);
  // From 7.0 on replicas share the backlog, and the total holds both; before, each replica had a buffer of its own.
  const replication =
    now("mem_total_replication_buffers") || now("mem_clients_slaves") + now("mem_replication_backlog");
  const besides = now("mem_clients_normal") + replication + now("mem_aof_buffer");
  const used = now("used_memory");
  const clients = Math.max(0, now("connected_clients"));
  const replicas = now("connected_slaves");
  const write_bytes = rate("master_repl_offset");
  const ops = rate("total_commands_processed");
  return {
    keys,
    data_bytes: keys === 0 ? 0 : Math.max(0, used - now("used_memory_startup") - besides),
    clients,
    client_bytes: Math.max(CLIENT_BYTES, clients === 0 ? 0 : Math.round(now("mem_clients_normal") / clients)),
    ops,
    writes: Math.min(ops, write_bytes / WRITE_BYTES),
    write_bytes,
    in_bytes: rate("total_net_input_bytes"),
    out_bytes: Math.max(0, rate("total_net_output_bytes") - replicas * write_bytes),
    fragmentation: used < SMALL ? 1.1 : Math.max(1, now("used_memory_rss") / used),
    cow_bytes: Math.max(now("rdb_last_cow_size"), now("aof_last_cow_size")) || null,
    replicas,
    aof: second.aof_enabled === "1",
  };
}
