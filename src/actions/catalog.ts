import { aclAccept } from "./acl/accept.ts";
import { aclCheck } from "./acl/check.ts";
import { aclClients } from "./acl/clients.ts";
import { aclDenied } from "./acl/denied.ts";
import { aclGrace } from "./acl/grace.ts";
import { aclLetIn } from "./acl/let-in.ts";
import { aclLogins } from "./acl/logins.ts";
import { aclProve } from "./acl/prove.ts";
import { aclRefuse } from "./acl/refuse.ts";
import { backupAlong } from "./backup/along.ts";
import { backupChoose } from "./backup/choose.ts";
import { backupCommit } from "./backup/commit.ts";
import { backupDiscard } from "./backup/discard.ts";
import { backupExpire } from "./backup/expire.ts";
import { backupKeepAof } from "./backup/keep-aof.ts";
import { backupRepository } from "./backup/look-at-repository.ts";
import { backupPull } from "./backup/pull.ts";
import { backupReadBack } from "./backup/read-back.ts";
import { backupRoom } from "./backup/room.ts";
import { backupRelease, backupSave } from "./backup/save.ts";
import { backupUpload } from "./backup/upload.ts";
import { backupUploadAof } from "./backup/upload-aof.ts";
import { clusterBusWays } from "./cluster/bus-ways.ts";
import { clusterCloseSlots } from "./cluster/close-slots.ts";
import { clusterCompareMember } from "./cluster/compare-member.ts";
import { clusterCopyFunctions } from "./cluster/copy-functions.ts";
import { clusterFailover } from "./cluster/failover.ts";
import { clusterForget } from "./cluster/forget.ts";
import { clusterGatherKeys } from "./cluster/gather-keys.ts";
import { clusterInspect } from "./cluster/inspect.ts";
import { clusterJoin } from "./cluster/join.ts";
import { clusterJudge } from "./cluster/judge.ts";
import { clusterLeave } from "./cluster/leave.ts";
import { clusterLendRights } from "./cluster/lend-rights.ts";
import { clusterLinger } from "./cluster/linger.ts";
import { clusterMoveSlots } from "./cluster/move-slots.ts";
import { clusterPlanBalance } from "./cluster/plan-balance.ts";
import { clusterPlanFix } from "./cluster/plan-fix.ts";
import { clusterPlanHomes } from "./cluster/plan-homes.ts";
import { clusterPlanScale } from "./cluster/plan-scale.ts";
import { clusterPlanSlots } from "./cluster/plan-slots.ts";
import { clusterReplicate } from "./cluster/replicate.ts";
import { clusterSurveySlots } from "./cluster/survey-slots.ts";
import { clusterTakeSlots } from "./cluster/take-slots.ts";
import { clusterTellOwner } from "./cluster/tell-owner.ts";
import type { Action } from "./contract.ts";
import { doctorDiagnose } from "./doctor/diagnose.ts";
import { doctorKernel } from "./doctor/kernel.ts";
import { doctorLog } from "./doctor/log.ts";
import { doctorReach } from "./doctor/reach.ts";
import { doctorTrouble } from "./doctor/trouble.ts";
import { drillAwait } from "./drill/await.ts";
import { drillClean } from "./drill/clean.ts";
import { drillJudge } from "./drill/judge.ts";
import { drillMark } from "./drill/mark.ts";
import { drillMeasure } from "./drill/measure.ts";
import { drillReadBack } from "./drill/read-back.ts";
import { drillReport } from "./drill/report.ts";
import { drillStart } from "./drill/start.ts";
import { drillStop } from "./drill/stop.ts";
import { exporterCompare } from "./exporter/compare.ts";
import { exporterProve } from "./exporter/prove.ts";
import { exporterPut, exporterPutBack } from "./exporter/put.ts";
import { faultAwaitBoot } from "./fault/await-boot.ts";
import { faultCrash } from "./fault/crash.ts";
import { faultHang } from "./fault/hang.ts";
import { faultPartition } from "./fault/partition.ts";
import { faultReboot } from "./fault/reboot.ts";
import { faultReconnect } from "./fault/reconnect.ts";
import { faultResume } from "./fault/resume.ts";
import { faultStart } from "./fault/start.ts";
import { faultStayDown } from "./fault/stay-down.ts";
import { fileFolder } from "./file/folder.ts";
import { filePut } from "./file/put.ts";
import { fileRender } from "./file/render.ts";
import { fileRestore } from "./file/restore.ts";
import { firewallApply } from "./firewall/apply.ts";
import { firewallPlan } from "./firewall/plan.ts";
import { firewallProve } from "./firewall/prove.ts";
import { firewallRestore } from "./firewall/restore.ts";
import { firewallWayIn } from "./firewall/way-in.ts";
import {
  assertAction,
  blockAction,
  confirmAction,
  pauseAction,
  runbookAction,
  setAction,
  waitFor,
} from "./flow/flow.ts";
import { guardBackup } from "./guard/backup.ts";
import { guardWindow } from "./guard/window.ts";
import { hostExec, hostScript } from "./host/exec.ts";
import { initApplyLive, initSetBack } from "./init/apply-live.ts";
import { initCompare } from "./init/compare.ts";
import { initFollow } from "./init/follow.ts";
import { clusterForm } from "./init/form-cluster.ts";
import { initPutBack, initPutFiles } from "./init/put-files.ts";
import { initSurvey } from "./init/survey.ts";
import { notify } from "./notify/notify.ts";
import { hostCompare } from "./os/compare.ts";
import { hostFacts } from "./os/facts.ts";
import { osSysctl } from "./os/sysctl.ts";
import { hostUser } from "./os/user.ts";
import { packageInstall } from "./package/install.ts";
import { preflightBackups } from "./preflight/backups.ts";
import { preflightChecklist } from "./preflight/checklist.ts";
import { preflightDrills } from "./preflight/drills.ts";
import { preflightFixes } from "./preflight/fixes.ts";
import { preflightHost } from "./preflight/host.ts";
import { preflightJudge } from "./preflight/judge.ts";
import { preflightMonitoring } from "./preflight/monitoring.ts";
import { preflightProcess } from "./preflight/process.ts";
import { preflightServer } from "./preflight/server.ts";
import { preflightWays } from "./preflight/ways.ts";
import { redisCommandAction } from "./redis/command.ts";
import { redisConfigGet } from "./redis/config-get.ts";
import { redisConfigSet } from "./redis/config-set.ts";
import { redisConfigSetMany } from "./redis/config-set-many.ts";
import { redisQuery } from "./redis/query.ts";
import { replicationFailover } from "./replication/failover.ts";
import { replicationFollow } from "./replication/follow.ts";
import { replicationLogin } from "./replication/login.ts";
import { replicationReconnect } from "./replication/reconnect.ts";
import { replicationSetLogin } from "./replication/set-login.ts";
import { replicationSwitchover } from "./replication/switchover.ts";
import { replicationUnfence } from "./replication/unfence.ts";
import { restartPending } from "./restart/pending.ts";
import { restartPut } from "./restart/put.ts";
import { restoreCheck } from "./restore/check.ts";
import { restoreChoose } from "./restore/choose.ts";
import { restoreChooseRouted } from "./restore/choose-routed.ts";
import { restoreInstall } from "./restore/install.ts";
import { restoreLoaded } from "./restore/loaded.ts";
import { restoreLook } from "./restore/look.ts";
import { restoreClaim, restoreEmpty, restoreRoute } from "./restore/route.ts";
import { restorePutBack, restoreSetAside } from "./restore/set-aside.ts";
import { restoreStage, restoreUnstage } from "./restore/stage.ts";
import { restoreToScratch } from "./restore/to-scratch.ts";
import { sentinelCkquorum } from "./sentinel/ckquorum.ts";
import { sentinelCoordinated } from "./sentinel/coordinated.ts";
import { sentinelLogin } from "./sentinel/login.ts";
import { sentinelPatience } from "./sentinel/patience.ts";
import { sentinelPeriods } from "./sentinel/periods.ts";
import { sentinelSet } from "./sentinel/set.ts";
import { sentinelSetLogin } from "./sentinel/set-login.ts";
import { sentinelSwitchover } from "./sentinel/switchover.ts";
import { serviceDisable, serviceEnable } from "./service/enable.ts";
import { serviceStale } from "./service/stale.ts";
import { serviceStart } from "./service/start.ts";
import { serviceStatus } from "./service/status.ts";
import { serviceStop } from "./service/stop.ts";
import { sizeBenchmarkLive } from "./size/benchmark/live.ts";
import { sizeBenchmark } from "./size/benchmark/scratch.ts";
import { sizeEstimate } from "./size/estimate.ts";
import { sizeMeasure } from "./size/measure.ts";
import { systemdUnit } from "./systemd/unit.ts";
import { tlsAuthority, tlsForgetNext, tlsSettle, tlsUnsettle } from "./tls/authority.ts";
import { tlsClients } from "./tls/clients.ts";
import { tlsCompare } from "./tls/compare.ts";
import { tlsLoad } from "./tls/load.ts";
import { tlsPutBack, tlsPutPair, tlsPutTrust } from "./tls/put.ts";
import { topologyCompare } from "./topology/compare.ts";
import { topologyJudge } from "./topology/judge.ts";
import { instanceObserve } from "./topology/observe.ts";
import { topologyRecord } from "./topology/record.ts";
import { topologySurvives } from "./topology/survives.ts";
import { upgradeAcl } from "./upgrade/acl.ts";
import { upgradeAdapt, upgradeAdaptBack } from "./upgrade/adapt.ts";
import { upgradeBacklog } from "./upgrade/backlog.ts";
import { upgradeKeepBeside, upgradeSettleBeside } from "./upgrade/beside.ts";
import { upgradeCarryBack, upgradeCarryOver } from "./upgrade/carry.ts";
import { upgradeClear } from "./upgrade/clear.ts";
import { upgradeClients } from "./upgrade/clients.ts";
import { upgradeConfig } from "./upgrade/config.ts";
import { upgradeDecide } from "./upgrade/decide.ts";
import { upgradeFetch } from "./upgrade/fetch.ts";
import { upgradeFit, upgradeUnfit } from "./upgrade/fit.ts";
import { upgradeInstallBeside, upgradeRemoveBeside } from "./upgrade/install-beside.ts";
import { upgradeLeave } from "./upgrade/leave.ts";
import { upgradeKept, upgradeNote } from "./upgrade/note.ts";
import { upgradePackages } from "./upgrade/packages.ts";
import { upgradePortable } from "./upgrade/portable.ts";
import { upgradeRevive } from "./upgrade/revive.ts";
import { upgradeSoak } from "./upgrade/soak.ts";
import { upgradeStandby } from "./upgrade/standby.ts";
import { upgradeStart } from "./upgrade/start.ts";
import { upgradeSurvey } from "./upgrade/survey.ts";
import { upgradeSwitch, upgradeSwitchBack } from "./upgrade/switch.ts";
import { upgradeTarget } from "./upgrade/target.ts";
import { upgradeWindow } from "./upgrade/window.ts";

const ACTIONS: readonly Action[] = [
  aclAccept,
  aclCheck,
  aclClients,
  aclDenied,
  aclGrace,
  aclLetIn,
  aclLogins,
  aclProve,
  aclRefuse,
  assertAction,
  backupAlong,
  backupChoose,
  backupCommit,
  backupDiscard,
  backupExpire,
  backupKeepAof,
  backupPull,
  backupReadBack,
  backupRelease,
  backupRepository,
  backupRoom,
  backupSave,
  backupUpload,
  backupUploadAof,
  blockAction,
  confirmAction,
  doctorDiagnose,
  doctorKernel,
  doctorLog,
  doctorReach,
  doctorTrouble,
  drillAwait,
  drillClean,
  drillJudge,
  drillMark,
  drillMeasure,
  drillReadBack,
  drillReport,
  drillStart,
  drillStop,
  exporterCompare,
  exporterProve,
  exporterPut,
  exporterPutBack,
  faultAwaitBoot,
  faultCrash,
  faultHang,
  faultPartition,
  faultReboot,
  faultReconnect,
  faultResume,
  faultStart,
  faultStayDown,
  guardBackup,
  guardWindow,
  notify,
  tlsAuthority,
  tlsClients,
  tlsCompare,
  tlsForgetNext,
  tlsLoad,
  tlsPutBack,
  tlsPutPair,
  tlsPutTrust,
  tlsSettle,
  tlsUnsettle,
  topologyCompare,
  topologyRecord,
  instanceObserve,
  pauseAction,
  preflightBackups,
  preflightChecklist,
  preflightDrills,
  preflightFixes,
  preflightHost,
  preflightJudge,
  preflightMonitoring,
  preflightProcess,
  preflightServer,
  preflightWays,
  redisCommandAction,
  redisConfigGet,
  redisConfigSet,
  redisConfigSetMany,
  redisQuery,
  runbookAction,
  clusterBusWays,
  clusterCloseSlots,
  clusterCompareMember,
  clusterCopyFunctions,
  clusterForget,
  clusterJoin,
  clusterLeave,
  clusterLendRights,
  clusterLinger,
  clusterPlanHomes,
  clusterReplicate,
  clusterGatherKeys,
  clusterInspect,
  clusterJudge,
  clusterFailover,
  clusterForm,
  clusterMoveSlots,
  clusterPlanBalance,
  clusterPlanFix,
  clusterPlanScale,
  clusterPlanSlots,
  clusterSurveySlots,
  clusterTakeSlots,
  clusterTellOwner,
  replicationFailover,
  replicationFollow,
  replicationReconnect,
  replicationLogin,
  replicationSetLogin,
  replicationSwitchover,
  replicationUnfence,
  restartPending,
  restartPut,
  restoreCheck,
  restoreChoose,
  restoreChooseRouted,
  restoreClaim,
  restoreEmpty,
  restoreRoute,
  restoreInstall,
  restoreLoaded,
  restoreLook,
  restorePutBack,
  restoreSetAside,
  restoreStage,
  restoreUnstage,
  restoreToScratch,
  sentinelCkquorum,
  serviceDisable,
  serviceEnable,
  serviceStale,
  serviceStart,
  serviceStatus,
  serviceStop,
  sentinelCoordinated,
  sentinelLogin,
  sentinelPatience,
  sentinelPeriods,
  sentinelSet,
  sentinelSetLogin,
  sentinelSwitchover,
  setAction,
  filePut,
  fileRestore,
  sizeMeasure,
  sizeBenchmark,
  sizeBenchmarkLive,
  sizeEstimate,
  systemdUnit,
  osSysctl,
  hostCompare,
  hostFacts,
  hostUser,
  fileRender,
  fileFolder,
  firewallApply,
  firewallPlan,
  firewallProve,
  firewallRestore,
  firewallWayIn,
  hostExec,
  hostScript,
  initApplyLive,
  initCompare,
  initPutBack,
  initFollow,
  initPutFiles,
  initSetBack,
  initSurvey,
  packageInstall,
  topologyJudge,
  topologySurvives,
  upgradeAcl,
  upgradeAdapt,
  upgradeAdaptBack,
  upgradeBacklog,
  upgradeCarryBack,
  upgradeCarryOver,
  upgradeClear,
  upgradeClients,
  upgradeConfig,
  upgradeDecide,
  upgradeFetch,
  upgradeFit,
  upgradeInstallBeside,
  upgradeKeepBeside,
  upgradeKept,
  upgradeLeave,
  upgradeNote,
  upgradePackages,
  upgradePortable,
  upgradeRemoveBeside,
  upgradeRevive,
  upgradeSettleBeside,
  upgradeSoak,
  upgradeStart,
  upgradeStandby,
  upgradeSurvey,
  upgradeSwitch,
  upgradeSwitchBack,
  upgradeTarget,
  upgradeUnfit,
  upgradeWindow,
  waitFor,
];

/** Every action that a runbook can name. */
export function actionCatalog(): ReadonlyMap<string, Action> {
  return new Map(ACTIONS.map((action) => [action.name, action]));
}
