import type { Observation, SentinelAnswers } from "../../topology/observation.ts";
import { parseInfo } from "../../topology/parse/info.ts";
import type { Answers } from "./answers.ts";
import { parsePairs, parseRecords } from "./parse.ts";

const INFO = ["INFO", "all"];
const MYID = ["SENTINEL", "MYID"];
const MASTERS = ["SENTINEL", "MASTERS"];

/** A Sentinel that does not watch the group says so to each question; `watches` says it once. */
const NOT_WATCHED = /^ERR No such master/i;

/** Reads a Sentinel: INFO, what it watches, and its view of the group where a name is given. */
export async function askSentinel(answers: Answers, masterName: string | undefined): Promise<Partial<Observation>> {
  const about = (question: string) => ["SENTINEL", question, ...(masterName === undefined ? [] : [masterName])];
  const group = ["MASTER", "REPLICAS", "SENTINELS", "CKQUORUM", "GET-MASTER-ADDR-BY-NAME"];
  await answers.ask([INFO, MASTERS, MYID, ...(masterName === undefined ? [] : group.map(about))]);

  const text = answers.take(...INFO);
  const masters = answers.take(...MASTERS);
  // Before 6.2 there is no MYID; other Sentinels know the id there.
  const { reply: myid } = answers.takeOr(/unknown.*subcommand/i, ...MYID);
  const view = masterName === undefined ? { replicas: [], sentinels: [] } : groupView(answers, about);
  return {
    ...(typeof text === "string" ? { info: parseInfo(text) } : {}),
    sentinel: {
      ...view,
      ...(typeof myid === "string" ? { myid } : {}),
      watches: parseRecords(masters).flatMap(({ name }) => (name === undefined ? [] : [name])),
    },
  };
}

function groupView(answers: Answers, about: (question: string) => string[]): Omit<SentinelAnswers, "watches" | "myid"> {
  const ask = (question: string) => answers.takeOr(NOT_WATCHED, ...about(question)).reply;
  const master = ask("MASTER");
  const address = ask("GET-MASTER-ADDR-BY-NAME");
  const ckquorum = quorum(answers.takeOr(/^NOQUORUM|^ERR No such master/i, ...about("CKQUORUM")));
  return {
    ...(master === undefined ? {} : { master: parsePairs(master) }),
    replicas: parseRecords(ask("REPLICAS")),
    sentinels: parseRecords(ask("SENTINELS")),
    ...(ckquorum ? { ckquorum } : {}),
    ...(Array.isArray(address) ? { master_address: { address: String(address[0]), port: Number(address[1]) } } : {}),
  };
}

/** CKQUORUM answers `OK …` or the error `NOQUORUM …`. */
function quorum({ reply, said }: { reply?: unknown; said?: string }): SentinelAnswers["ckquorum"] {
  if (typeof reply === "string") return { ok: true, message: reply };
  return said?.startsWith("NOQUORUM") ? { ok: false, message: said } : undefined;
}
