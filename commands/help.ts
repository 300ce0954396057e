import { string } from "@oclif/core/args";
import { BaseCommand } from "../src/cli/base-command.ts";
import { RedishaHelp } from "../src/cli/help/help.ts";

export default class HelpCommand extends BaseCommand<null> {
  static override summary = "Show help for a command or a topic";
  static override examples = ["<%= config.bin %> help status", "<%= config.bin %> help exit-codes"];
  static override strict = false;
  static override args = { about: string({ description: "Command, or exit-codes, environment, output" }) };

  async run(): Promise<null> {
    const { argv } = await this.parse(HelpCommand);
    const colour = this.invocation.streams.stdout.colour > 0;
    await new RedishaHelp(this.config, { colour }).showHelp(argv.map(String));
    return null;
  }
}
