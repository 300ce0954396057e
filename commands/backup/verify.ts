import { string as stringArg } from "@oclif/core/args";
import { boolean, string } from "@oclif/core/flags";
import { renderVerified } from "../../src/cli/backup/render.ts";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { outputFlag } from "../../src/cli/flags.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { findDeployment } from "../../src/inventory/find-deployment.ts";
import { type VerifyBackupsResult, verifyBackups } from "../../src/use-cases/backup/verify-backups.ts";

const LEVELS = ["stored", "rdb", "restore"] as const;

export default class BackupVerify extends BaseCommand<VerifyBackupsResult> {
  static override summary = "Look whether backups are what was stored, whether they can be read, whether they load";
  static override description =
    "stored reads every byte in the repository and needs no key. rdb decrypts the snapshots and runs the checking program of their version. restore loads them into a server on this machine, which listens on no port and follows nobody, and counts their keys. Where no backup is named, what backup follow stored is looked at, too: the newest base and all on top of it. What was found is kept beside the backup.";
  static override examples = [
    { description: "The newest, as far as the key is not needed", command: "<%= config.bin %> backup verify" },
    {
      description: "Prove that it loads",
      command: "<%= config.bin %> backup verify --level restore --identity key.txt",
    },
    { description: "Every byte of all of them", command: "<%= config.bin %> backup verify --all" },
  ];
  static override exitCodes = [
    EXIT.done,
    EXIT.failedSafe,
    EXIT.gateRefused,
    EXIT.lockHeld,
    EXIT.cannotConnect,
    EXIT.verificationFailed,
  ];
  static override args = { id: stringArg({ description: "Of the backup; the newest where it is left out" }) };
  static override flags = {
    output: outputFlag(["table", "json", "yaml"]),
    level: string({
      options: [...LEVELS],
      default: "stored",
      helpValue: LEVELS.join("|"),
      summary: "How deep to look",
    }),
    all: boolean({ summary: "All complete backups, and all that is followed" }),
    identity: string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: "FILE",
      summary: "Key that decrypts, beside those of redisha.yaml; may be repeated",
    }),
  };

  async run(): Promise<VerifyBackupsResult> {
    const { args, flags } = await this.parse(BackupVerify);
    const { deployment, warnings } = await findDeployment(this.choice(flags));
    this.warnOf(warnings);
    const result = await verifyBackups(deployment, {
      level: LEVELS.find((level) => level === flags.level) ?? "stored",
      ids: flags.all ? "all" : args.id === undefined ? undefined : [args.id],
      identities: flags.identity ?? [],
      signal: new AbortController().signal,
      progress: (text) => this.invocation.streams.stderr.isTty && this.note(text),
    });
    this.print(renderVerified(result, this.theme));
    this.endWith(result.exit);
    return result;
  }
}
