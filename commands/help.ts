import { string } from "@oclif/core/args";
import { BaseCommand } from "../src/cli/base-command.ts";
import { RedishaHelp } from "../src/cli/help/help.ts";
import { helpTopic } from "../src/cli/help/topics.ts";

/** What a topic is about, as data; of any other help its text. */
type HelpResult = Readonly<Record<string, unknown>>;

export default class HelpCommand extends BaseCommand<HelpResult> {
  static override summary = "Show help for a command or a topic";
  static override examples = ["<%= config.bin %> help status", "<%= config.bin %> help exit-codes"];
  static override strict = false;
  static override args = { about: string({ description: "Command, or exit-codes, environment, output" }) };

  async run(): Promise<HelpResult> {
    const { argv } = await this.parse(HelpCommand);
    const about = argv.map(String);
    const topic = helpTopic(about.join(" "));
    if (topic && !this.forPeople) return topic.data;
    const colour = this.forPeople && this.invocation.streams.stdout.colour > 0;
    const lines: string[] = [];
    await new RedishaHelp(this.config, this.forPeople ? { colour } : { colour, lines }).showHelp(about);
    return { text: lines.join("\n") };
  }
}
