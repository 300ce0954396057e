import { backupAlong } from "./backup/along.ts";
import { backupCheck } from "./backup/check.ts";
import { backupChoose } from "./backup/choose.ts";
import { backupCommit } from "./backup/commit.ts";
import { backupDiscard } from "./backup/discard.ts";
import { backupReadBack } from "./backup/read-back.ts";
import { backupRoom } from "./backup/room.ts";
import { backupRelease, backupSave } from "./backup/save.ts";
import { backupUpload } from "./backup/upload.ts";
import type { Action } from "./contract.ts";
import { drillAwait } from "./drill/await.ts";
import { drillClean } from "./drill/clean.ts";
import { drillMark } from "./drill/mark.ts";
import { drillMeasure } from "./drill/measure.ts";
import { drillReadBack } from "./drill/read-back.ts";
import { drillStart } from "./drill/start.ts";
import { drillStop } from "./drill/stop.ts";
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
  backupAlong,
  backupCheck,
  backupChoose,
  backupCommit,
  backupDiscard,
  backupReadBack,
  backupRelease,
  backupRoom,
  backupSave,
  backupUpload,
  blockAction,
  confirmAction,
  drillAwait,
  drillClean,
  drillMark,
  drillMeasure,
  drillReadBack,
  drillStart,
  drillStop,
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
