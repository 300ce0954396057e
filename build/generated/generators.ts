import { inventoryReference } from "./inventory-reference.ts";
import { inventoryJsonSchema } from "./inventory-schema.ts";
import { runbookSchemaText } from "./runbook-schema.ts";

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
  { path: "docs/reference/redisha-yaml.md", content: inventoryReference },
];
