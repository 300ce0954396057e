import { commandReference, exitCodeReference } from "../docs.ts";
import { actionReference } from "./action-reference.ts";
import { backupJsonSchemas } from "./backup-schemas.ts";
import { checkReference } from "./check-reference.ts";
import { inventoryReference } from "./inventory-reference.ts";
import { inventoryJsonSchema } from "./inventory-schema.ts";
import { repositoryJsonSchemas } from "./repository-schemas.ts";
import {
  clusterCheckJsonSchema,
  doctorJsonSchemas,
  driftJsonSchema,
  drillsJsonSchemas,
  envelopeJsonSchema,
  failoverTestJsonSchema,
  journalJsonSchema,
  labJsonSchemas,
  preflightJsonSchemas,
  renderedJsonSchema,
  renderJsonSchemas,
  reshardJsonSchemas,
  rotateJsonSchema,
  runsJsonSchemas,
  sizeJsonSchema,
  statusJsonSchema,
  switchoverJsonSchema,
  unlockJsonSchema,
} from "./result-schemas.ts";
import { runbookSchemaText } from "./runbook-schema.ts";
import { runbookTestSchemaText } from "./runbook-test-schema.ts";
import { topologySchemaText, verdictSchemaText } from "./topology-schema.ts";

/** A checked-in file that the code alone determines. */
export interface Generator {
  /** From the package root. */
  readonly path: string;
  content(): string | Promise<string>;
}

/** Every generated file that is checked in; `npm run generate` writes them. */
export const generators: readonly Generator[] = [
  { path: "schemas/redisha.schema.json", content: inventoryJsonSchema },
  { path: "schemas/runbook.schema.json", content: runbookSchemaText },
  { path: "schemas/runbook-test.schema.json", content: runbookTestSchemaText },
  { path: "schemas/envelope.schema.json", content: envelopeJsonSchema },
  { path: "schemas/size.schema.json", content: sizeJsonSchema },
  { path: "schemas/status.schema.json", content: statusJsonSchema },
  { path: "schemas/rotate.schema.json", content: rotateJsonSchema },
  { path: "schemas/init-drift.schema.json", content: driftJsonSchema },
  { path: "schemas/init-rendered.schema.json", content: renderedJsonSchema },
  { path: "schemas/switchover.schema.json", content: switchoverJsonSchema },
  { path: "schemas/failover-test.schema.json", content: failoverTestJsonSchema },
  { path: "schemas/unlock.schema.json", content: unlockJsonSchema },
  ...renderJsonSchemas,
  { path: "schemas/cluster-check.schema.json", content: clusterCheckJsonSchema },
  ...reshardJsonSchemas,
  ...preflightJsonSchemas,
  ...doctorJsonSchemas,
  ...labJsonSchemas,
  ...runsJsonSchemas,
  ...drillsJsonSchemas,
  ...backupJsonSchemas,
  ...repositoryJsonSchemas,
  { path: "schemas/journal.schema.json", content: journalJsonSchema },
  { path: "schemas/topology.schema.json", content: topologySchemaText },
  { path: "schemas/verdict.schema.json", content: verdictSchemaText },
  { path: "docs/reference/commands.md", content: commandReference },
  { path: "docs/reference/exit-codes.md", content: exitCodeReference },
  { path: "docs/reference/actions.md", content: actionReference },
  { path: "docs/reference/checks.md", content: checkReference },
  { path: "docs/reference/redisha-yaml.md", content: inventoryReference },
];
