import { holdSchema } from "../../src/repository/hold.ts";
import { manifestSchema, verificationSchema } from "../../src/repository/manifest.ts";
import type { Generator } from "./generators.ts";
import { jsonSchemaText } from "./json-schema.ts";

/** What lies in a repository, for those who read it without redisha. */
export const repositoryJsonSchemas: readonly Generator[] = [
  {
    path: "schemas/backup-manifest.schema.json",
    content: () => jsonSchemaText(manifestSchema, "backup-manifest", "What a backup is made of"),
  },
  {
    path: "schemas/backup-verification.schema.json",
    content: () => jsonSchemaText(verificationSchema, "backup-verification", "What a look at a stored backup found"),
  },
  {
    path: "schemas/backup-hold.schema.json",
    content: () => jsonSchemaText(holdSchema, "backup-hold", "Why a backup never expires"),
  },
];
