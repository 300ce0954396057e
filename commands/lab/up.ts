import { boolean, integer, option, string } from "@oclif/core/flags";
import { BaseCommand } from "../../src/cli/base-command.ts";
import { labChoice, labCommonFlags, labFlags } from "../../src/cli/lab-flags.ts";
import { labUpText } from "../../src/cli/lab-text.ts";
import { untilInterrupted } from "../../src/cli/until-interrupted.ts";
import { EXIT } from "../../src/core/exit-codes.ts";
import { parseDirectives, parseDownAfter } from "../../src/lab/options.ts";
import type { LabUpResult } from "../../src/lab/results.ts";

const TOPOLOGIES = ["replication", "sentinel", "cluster"] as const;

export default class LabUp extends BaseCommand<LabUpResult> {
  static override summary = "Bring up a whole deployment of real processes on loopback";
  static override description =
    "Every host gets an address of its own in 127.0.0.0/8 and an sshd of its own; everything stands in one folder, with a redisha.yaml in it. Nothing outside that folder is changed.";
  static override examples = [
    "<%= config.bin %> lab up",
    "<%= config.bin %> lab up --topology cluster --tls --acl --engine valkey-9.1",
    "<%= config.bin %> lab up --name second --replicas 1 --config maxmemory=64mb",
  ];
  static override exitCodes = [EXIT.done, EXIT.failedSafe, EXIT.usage, EXIT.lockHeld];
  static override environment = {
    REDISHA_ENGINES: "where fetched engines are kept (default: redisha/engines below XDG_CACHE_HOME)",
  };
  static override baseFlags = labCommonFlags;
  static override flags = {
    ...labFlags,
    topology: option({ options: TOPOLOGIES, default: "sentinel", summary: "What to build" })(),
    replicas: integer({ min: 0, summary: "Replicas of each primary (default: 2; in a cluster 1)" }),
    sentinels: integer({ min: 1, summary: "Sentinels (default: 3)" }),
    primaries: integer({ min: 3, summary: "Primaries of a cluster (default: 3)" }),
    spares: integer({ min: 0, summary: "Further empty servers, to be taken into a cluster (default: 0)" }),
    "sub-replica": boolean({ summary: "One more replica, which follows the first replica" }),
    tls: boolean({ summary: "Only TLS, with an authority of the lab's own" }),
    acl: boolean({
      exclusive: ["password"],
      summary: "Users of their own for operator, replicas and Sentinels; none by default",
    }),
    password: boolean({ summary: "One password for all (requirepass)" }),
    ssh: boolean({ allowNo: true, default: true, summary: "Hosts that can be logged in to" }),
    engine: string({
      exclusive: ["engine-dir"],
      helpValue: "NAME",
      summary:
        "redis-6.0, redis-7.0, redis-8.0, redis-8.6, valkey-8.1 or valkey-9.1, fetched from Debian on first use (default: the server in PATH)",
    }),
    "engine-dir": string({ helpValue: "DIR", summary: "Folder of another redis-server or valkey-server" }),
    "down-after": string({
      helpValue: "TIME",
      summary: "Silence after which an instance is held to be down (default: 5s)",
    }),
    config: string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: "NAME=VALUE",
      summary: "A directive for every data node; may be repeated",
    }),
    port: integer({ min: 1024, max: 55_535, summary: "Port of the data nodes (default: 6379)" }),
    "sentinel-port": integer({ min: 1024, max: 65_535, summary: "Port of the Sentinels (default: 26379)" }),
    "ssh-port": integer({ min: 1024, max: 65_535, summary: "Port of sshd (default: 2222)" }),
    reuse: boolean({
      summary: "Take a lab of this name and shape that is there already, and start what is dead in it",
    }),
  };

  async run(): Promise<LabUpResult> {
    const { flags } = await this.parse(LabUp);
    const { labUp } = await import("../../src/lab/up.ts");
    const options = {
      ...labChoice(flags),
      ...{ topology: flags.topology, replicas: flags.replicas, sentinels: flags.sentinels, primaries: flags.primaries },
      spares: flags.spares,
      subReplica: flags["sub-replica"],
      tls: flags.tls,
      auth: flags.acl ? ("acl" as const) : flags.password ? ("password" as const) : ("none" as const),
      ssh: flags.ssh,
      engine: flags.engine,
      engineDir: flags["engine-dir"],
      downAfterMs: parseDownAfter(flags["down-after"]),
      config: parseDirectives(flags.config ?? []),
      ports: { redis: flags.port, sentinel: flags["sentinel-port"], ssh: flags["ssh-port"] },
      reuse: flags.reuse,
    };
    const result = await untilInterrupted(
      (signal) => labUp(options, (line) => this.note(line), signal),
      "what had been started was taken down again",
    );
    this.print(labUpText(result, this.theme, flags.dir));
    return result;
  }
}
