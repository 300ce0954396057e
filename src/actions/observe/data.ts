import { OBSERVED_DIRECTIVES, type Observation } from "../../topology/observation.ts";
import { parseInfo } from "../../topology/parse/info.ts";
import type { Answers } from "./answers.ts";
import { isCredential, parsePairs } from "./parse.ts";

const INFO = ["INFO", "all"];
const ROLE = ["ROLE"];
const CLUSTER = [
  ["CLUSTER", "INFO"],
  ["CLUSTER", "NODES"],
];

/**
 * Reads a data node: INFO, ROLE, directives, and its view of the cluster. A node of a declared cluster is asked for that
 * at once; any other only where it says that it is in one.
 */
export async function askDataNode(
  answers: Answers,
  inCluster: boolean,
  asked: readonly string[] = OBSERVED_DIRECTIVES,
): Promise<Partial<Observation>> {
  const directives = asked.filter((name) => !isCredential(name));
  for (const name of asked.filter(isCredential)) {
    answers.refuse(`CONFIG GET ${name}`, "SECRET_DIRECTIVE", `${name} holds a credential and is never read`);
  }
  // 6.0 takes one pattern for each CONFIG GET.
  const configGets = directives.map((name) => ["CONFIG", "GET", name]);
  await answers.ask([INFO, ROLE, ...(inCluster ? CLUSTER : []), ...configGets]);

  const text = answers.take(...INFO);
  const info = typeof text === "string" ? parseInfo(text) : undefined;
  const isCluster = inCluster || info?.cluster_enabled === "1";
  if (isCluster && !inCluster) await answers.ask(CLUSTER);

  const role = answers.take(...ROLE);
  const config = Object.assign({}, ...configGets.map((argv) => parsePairs(answers.take(...argv))));
  const cluster = isCluster ? clusterAnswers(answers) : undefined;
  return {
    ...(info ? { info } : {}),
    ...(Array.isArray(role) ? { role } : {}),
    ...(Object.keys(config).length > 0 ? { config } : {}),
    ...(cluster ? { cluster } : {}),
  };
}

function clusterAnswers(answers: Answers): Observation["cluster"] {
  const info = answers.take("CLUSTER", "INFO");
  const nodes = answers.take("CLUSTER", "NODES");
  if (typeof info !== "string" || typeof nodes !== "string") return undefined;
  return { info: parseInfo(info), nodes };
}
