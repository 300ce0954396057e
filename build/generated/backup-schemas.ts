import {
  backupCheckResultSchema,
  backupFollowResultSchema,
  backupHoldResultSchema,
  backupListResultSchema,
  backupPruneResultSchema,
  backupScheduleResultSchema,
  backupShowResultSchema,
  backupVerifyResultSchema,
} from "../../src/cli/backup/results.ts";
import { jsonSchemaText } from "./json-schema.ts";

const BACKUP_RESULTS = {
  check: backupCheckResultSchema,
  follow: backupFollowResultSchema,
  // backup-hold is what lies in the repository.
  "hold-result": backupHoldResultSchema,
  list: backupListResultSchema,
  prune: backupPruneResultSchema,
  schedule: backupScheduleResultSchema,
  show: backupShowResultSchema,
  verify: backupVerifyResultSchema,
};

/** A schema per backup command; `backup` itself answers as `run` does. */
export const backupJsonSchemas = Object.entries(BACKUP_RESULTS).map(([verb, schema]) => ({
  path: `schemas/backup-${verb}.schema.json`,
  content: () =>
    jsonSchemaText(schema, `backup-${verb}`, `result of redisha backup ${verb.replace("-result", "")} --json`),
}));
