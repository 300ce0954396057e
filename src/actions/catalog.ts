import { backupAlong } from "./backup/along.ts";
import { backupCheck } from "./backup/check.ts";
import { backupChoose } from "./backup/choose.ts";
import { backupCommit } from "./backup/commit.ts";
import { backupDiscard } from "./backup/discard.ts";
import { backupExpire } from "./backup/expire.ts";
import { backupRepository } from "./backup/look-at-repository.ts";
import { backupPull } from "./backup/pull.ts";
import { backupReadBack } from "./backup/read-back.ts";
import { backupRoom } from "./backup/room.ts";
import { backupRelease, backupSave } from "./backup/save.ts";
import { backupUpload } from "./backup/upload.ts";
import type { Action } from "./contract.ts";
import { drillAwait } from "./drill/await.ts";
import { drillClean } from "./drill/clean.ts";
import { drillJudge } from "./drill/judge.ts";
import { drillMark } from "./drill/mark.ts";
import { drillMeasure } from "./drill/measure.ts";
import { drillReadBack } from "./drill/read-back.ts";
import { drillReport } from "./drill/report.ts";
import { drillStart } from "./drill/start.ts";
import { drillStop } from "./drill/stop.ts";
import { faultAwaitBoot } from "./fault/await-boot.ts";
import { faultCrash } from "./fault/crash.ts";
import { faultHang } from "./fault/hang.ts";
import { faultPartition } from "./fault/partition.ts";
import { faultReboot } from "./fault/reboot.ts";
import { faultReconnect } from "./fault/reconnect.ts";
import { faultResume } from "./fault/resume.ts";
import { faultStart } from "./fault/start.ts";
import { faultStayDown } from "./fault/stay-down.ts";
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
import { replicationUnfence } from "./replication/unfence.ts";
import { sentinelCkquorum } from "./sentinel/ckquorum.ts";
import { sentinelPeriods } from "./sentinel/periods.ts";
import { sentinelSwitchover } from "./sentinel/switchover.ts";
import { topologyJudge } from "./topology/judge.ts";
import { instanceObserve } from "./topology/observe.ts";
import { topologySurvives } from "./topology/survives.ts";

const ACTIONS: readonly Action[] = [
  assertAction,
  backupAlong,
  backupCheck,
  backupChoose,
  backupCommit,
  backupDiscard,
  backupExpire,
  backupPull,
  backupReadBack,
  backupRelease,
  backupRepository,
  backupRoom,
  backupSave,
  backupUpload,
  blockAction,
  confirmAction,
  drillAwait,
  drillClean,
  drillJudge,
  drillMark,
  drillMeasure,
  drillReadBack,
  drillReport,
  drillStart,
  drillStop,
  faultAwaitBoot,
  faultCrash,
  faultHang,
  faultPartition,
  faultReboot,
  faultReconnect,
  faultResume,
  faultStart,
  faultStayDown,
  instanceObserve,
  pauseAction,
  redisCommandAction,
  redisConfigGet,
  redisConfigSet,
  redisQuery,
  runbookAction,
  replicationUnfence,
  sentinelCkquorum,
  sentinelPeriods,
  sentinelSwitchover,
  setAction,
  hostExec,
  hostScript,
  topologyJudge,
  topologySurvives,
  waitFor,
];

/** Every action that a runbook can name. */
export function actionCatalog(): ReadonlyMap<string, Action> {
  return new Map(ACTIONS.map((action) => [action.name, action]));
}
