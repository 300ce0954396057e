import { string as argument } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { BaseCommand } from "../src/cli/base-command.ts";
import { outputFlag } from "../src/cli/flags.ts";
import { parseAssignments } from "../src/cli/input-flag.ts";
import { listOfKinds, type RenderList, renderKindList } from "../src/cli/rendering/list.ts";
import { EXIT } from "../src/core/exit-codes.ts";
import { findDeployment } from "../src/inventory/find-deployment.ts";
import { type RenderResult, renderKind } from "../src/use-cases/render-kind.ts";

export default class Render extends BaseCommand<RenderResult | RenderList> {
  static override summary = "Render what stands around a deployment: proxies, monitoring, clients, other platforms";
  static override description =
    "Makes configuration for other programs from redisha.yaml, and connects to nothing. What redisha.yaml does not say is taken from --set, which --list tells with defaults. No secret is in what is rendered: it names the variables and files that hold them. Nothing is overwritten that redisha did not write, or that was changed since.";
  static override examples = [
    { description: "What there is, with its settings", command: "<%= config.bin %> render --list" },
    { description: "One file, to read", command: "<%= config.bin %> render haproxy" },
    { description: "Into a folder", command: "<%= config.bin %> render prometheus --out monitoring" },
    {
      description: "Otherwise than by default",
      command: "<%= config.bin %> render haproxy --set near=a --set write_port=7000",
    },
  ];
  static override exitCodes = [EXIT.done];
  static override args = { kind: argument({ description: "What to render; --list tells what there is" }) };
  static override flags = {
    output: outputFlag(["table", "json", "yaml"]),
    out: string({ helpValue: "PATH", summary: "Where to write: a folder, or the file where there is only one" }),
    only: string({ helpValue: "FILE", summary: "One file of several, by its path below --out" }),
    set: string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: "NAME=VALUE",
      summary: "A setting of that kind; may be repeated. Never a secret",
    }),
    force: boolean({ dependsOn: ["out"], summary: "Overwrite also what redisha did not write" }),
    list: boolean({
      exclusive: ["out", "only", "set"],
      summary: "What there is to render, its settings, how it is checked",
    }),
  };

  async run(): Promise<RenderResult | RenderList> {
    const { args, flags } = await this.parse(Render);
    if (flags.list || args.kind === undefined) {
      const list = listOfKinds(args.kind);
      this.print(renderKindList(list, this.theme));
      return list;
    }
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const { out, only, force } = flags;
    const options = parseAssignments("--set", flags.set);
    const result = await renderKind({ kind: args.kind, deployment, options, only, out, force });
    for (const { path, state, text } of result.files) this.print(state === "printed" ? text : `${path}: ${state}`);
    for (const note of result.notes) this.note(note);
    for (const command of result.check) this.note(`check it: ${command}`);
    return result;
  }
}
