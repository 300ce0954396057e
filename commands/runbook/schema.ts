import { string } from "@oclif/core/args";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { readSchema } from "../../src/cli/read-schema.ts";
import { EXIT } from "../../src/core/exit-codes.ts";

export default class RunbookSchema extends BaseCommand<unknown> {
  static override summary = "Print the JSON Schema of runbooks, for editors and checks";
  static override description = "Other names print the other schemas: redisha is that of redisha.yaml.";
  static override examples = [
    "<%= config.bin %> runbook schema > runbook.schema.json",
    "<%= config.bin %> runbook schema redisha > redisha.schema.json",
  ];
  static override exitCodes = [EXIT.done];
  static override args = { schema: string({ default: "runbook", description: "Name of the schema" }) };

  async run(): Promise<unknown> {
    const { args } = await this.parse(RunbookSchema);
    const schema = await readSchema(args.schema);
    this.print(JSON.stringify(schema, null, 2));
    return schema;
  }
}
