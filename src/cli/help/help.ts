import { CommandHelp, Help } from "@oclif/core/help";
import type * as Interfaces from "@oclif/core/interfaces";
import { EXIT, EXIT_MEANING, type ExitCode } from "../../core/exit-codes.ts";
import { unknownCommand } from "../usage-error.ts";
import { ENVIRONMENT } from "./environment.ts";
import { HELP_TOPICS, helpTopic } from "./topics.ts";

type Rows = [string, string | undefined][];

/** What the manifest keeps of a command class: its own statics too. */
type CommandStatics = Readonly<Record<string, unknown>>;

/** Endings that every command may have, whatever it does. */
const ALWAYS: readonly ExitCode[] = [EXIT.usage, EXIT.interrupted, EXIT.terminated];

/** Help as operators read it: examples first, exit codes and environment variables at the end. */
export class RedishaHelp extends Help {
  protected override CommandHelpClass = RedishaCommandHelp;

  readonly #lines: string[] | undefined;

  /** With `lines` the help is put there instead of being printed. */
  constructor(config: Interfaces.Config, options: { colour: boolean; lines?: string[] }) {
    super(config, { stripAnsi: !options.colour, docopts: false });
    this.#lines = options.lines;
    this.render = withoutNeedlessTemplates(this.render);
  }

  /** `argv` may also name a help topic: `exit-codes`. */
  override async showHelp(argv: string[]): Promise<void> {
    const words = argv.filter((word) => !word.startsWith("-"));
    const topic = helpTopic(words.join(" "));
    if (topic) {
      this.log(topic.text());
      return;
    }
    const id = words.join(":");
    if (words.length > 0 && !this.findable(id) && !this.findable(words[0] ?? "")) {
      throw unknownCommand(words.join(" "), this.config.commandIDs);
    }
    await super.showHelp(argv);
  }

  protected override log(...args: string[]): void {
    if (this.#lines) this.#lines.push(args.join(" "));
    else super.log(...args);
  }

  protected override async showRootHelp(): Promise<void> {
    await super.showRootHelp();
    const topics = HELP_TOPICS.map((topic): [string, string] => [topic.name, topic.summary]);
    this.log(this.section("HELP TOPICS", topics));
    this.log("");
  }

  private findable(id: string): boolean {
    return this.config.findCommand(id) !== undefined || this.config.findTopic(id) !== undefined;
  }
}

class RedishaCommandHelp extends CommandHelp {
  constructor(...args: ConstructorParameters<typeof CommandHelp>) {
    super(...args);
    this.render = withoutNeedlessTemplates(this.render);
  }

  /** Without the summary, which stands at the top already. */
  protected override description(): string | undefined {
    const { description } = this.command;
    return description ? this.wrap(description) : undefined;
  }

  protected override sections(): ReturnType<CommandHelp["sections"]> {
    const given = super.sections();
    const named = (name: string) => given.filter((section) => section.header === name);
    const moved = ["EXAMPLES", "USAGE", "ARGUMENTS", "FLAGS"];
    return [
      ...moved.flatMap(named),
      ...given.filter((section) => !moved.includes(section.header)),
      { header: "EXIT CODES", generate: (_, header) => [{ header, body: exitCodesOf(this.command) }] },
      { header: "ENVIRONMENT VARIABLES", generate: (_, header) => [{ header, body: environmentOf(this.command) }] },
    ];
  }
}

/** oclif compiles a template for every piece of text, which takes half of the time of a help page; few are one. */
function withoutNeedlessTemplates(render: (text: string) => string): (text: string) => string {
  return (text) => (text.includes("<%") ? render(text) : text);
}

/** Exit codes of a command with their meaning, lowest first. */
export function exitCodesOf(command: CommandStatics): Rows {
  const own = Array.isArray(command.exitCodes) ? command.exitCodes : [EXIT.done, EXIT.failedSafe];
  const codes = new Set<ExitCode>([...own, ...ALWAYS]);
  return [...codes].sort((a, b) => a - b).map((code) => [String(code), EXIT_MEANING[code]]);
}

/** Environment variables that a command reads: those of its flags, its own, and those that count everywhere. */
export function environmentOf(command: CommandStatics): Rows {
  const own: unknown = command.environment;
  const added = typeof own === "object" && own !== null ? Object.entries(own) : [];
  return [...Object.entries(ENVIRONMENT), ...added].map(([name, meaning]) => [name, String(meaning)]);
}
