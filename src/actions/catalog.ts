import type { Action } from "./contract.ts";
import {
  assertAction,
  blockAction,
  confirmAction,
  pauseAction,
  runbookAction,
  setAction,
  waitFor,
} from "./flow/flow.ts";
import { hostExec, hostScript } from "./host/exec.ts";
import { redisCommandAction } from "./redis/command.ts";
import { redisConfigGet } from "./redis/config-get.ts";
import { redisConfigSet } from "./redis/config-set.ts";
import { redisQuery } from "./redis/query.ts";
import { sentinelCkquorum } from "./sentinel/ckquorum.ts";
import { topologyJudge } from "./topology/judge.ts";
import { instanceObserve } from "./topology/observe.ts";

const ACTIONS: readonly Action[] = [
  assertAction,
  blockAction,
  confirmAction,
  instanceObserve,
  pauseAction,
  redisCommandAction,
  redisConfigGet,
  redisConfigSet,
  redisQuery,
  runbookAction,
  sentinelCkquorum,
  setAction,
  hostExec,
  hostScript,
  topologyJudge,
  waitFor,
];

/** Every action that a runbook can name. */
export function actionCatalog(): ReadonlyMap<string, Action> {
  return new Map(ACTIONS.map((action) => [action.name, action]));
}
