import { spawn } from "node:child_process";
import { appendFile, mkdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Bench, type Claim, held } from "./bench.ts";
import { fill } from "./fill.ts";
import { type Contestant, race } from "./measure.ts";
import { redisha } from "./subject.ts";
import { type Lab, withLabs } from "./with-labs.ts";

const RUNS = 3;
const GIB = 1024;
/** What a backup may have in memory at most, in MiB. */
const RESIDENT = 200;

/** Snapshots that nobody waits for begin at once, for all contestants alike. */
const DATA_NODE = { "repl-diskless-sync-delay": "0", "client-output-buffer-limit": "replica 0 0 0", save: "" };

/** A whole backup, checked on the host and read back, against what others do, which check nothing. */
export const backup: Bench = {
  name: "backup",
  summary: "a backup of 1 GiB with all its checks, against pipes that check nothing",
  measure: () =>
    withLabs([{ topology: "replication", replicas: 1, config: DATA_NODE }], async ([lab]) => {
      if (!lab) throw new RangeError("there is no lab");
      const { pipes, subjects } = await prepare(lab, GIB);
      const timings = await race([...pipes, ...subjects], RUNS);
      const [plain, , sync] = subjects;
      const resident = await peakMemory(subjects[1] ?? plain);
      const against = (subject: Contestant | undefined, peer: string, aim: boolean) =>
        held(timings, {
          promise: `${subject?.name} of 1 GiB, checked and read back${aim ? ": at least as fast as" : ", in times of"} ${peer}`,
          subject: subject?.name ?? "",
          peer,
          ...(aim ? { atLeast: 1 } : {}),
        });
      const claims = [
        ...pipes.map(({ name }) => against(plain, name, true)),
        against(subjects[1], pipes[1]?.name ?? "", false),
        against(sync, pipes[0]?.name ?? "", false),
        memoryClaim(`a backup of 1 GiB, encrypted, stays within ${RESIDENT} MiB`, resident),
      ];
      return { timings, claims };
    }),
};

/** Whether memory grows with the data. */
export const backupMemory: Bench = {
  name: "backup-memory",
  summary: "memory of an encrypted backup of 1 GiB and of 4 GiB",
  measure: () =>
    withLabs([{ topology: "replication", replicas: 1, config: DATA_NODE }], async ([lab]) => {
      if (!lab) throw new RangeError("there is no lab");
      const { subjects } = await prepare(lab, GIB);
      const [, encrypted] = subjects;
      const small = await peakMemory(encrypted);
      await fill(primaryOf(lab), 3 * GIB, "more");
      const large = await peakMemory(encrypted);
      const ratio = large / small;
      return {
        timings: [],
        claims: [
          {
            promise: "a backup of 4 GiB needs no more than 1.25 times the memory of one of 1 GiB",
            figure: `${ratio.toFixed(2)}x (${small} to ${large} MiB)`,
            quickest: "",
            met: ratio <= 1.25,
          },
          memoryClaim(`a backup of 4 GiB, encrypted, stays within ${RESIDENT} MiB`, large),
        ],
      };
    }),
};

function memoryClaim(promise: string, resident: number): Claim {
  return { promise, figure: `${resident} MiB at most`, quickest: "", met: resident <= RESIDENT };
}

/** Fills the lab, and says who is compared: pipes as people write them, and redisha plain, encrypted, and by replication. */
async function prepare(lab: Lab, mib: number) {
  await fill(primaryOf(lab), mib, "first");
  const [, replica] = lab.processes.filter(({ service }) => service === "redis");
  if (!replica) throw new RangeError("the lab has no replica");
  const node = `redis-cli -h ${replica.address} -p ${replica.port}`;
  const ssh = `ssh -F ${join(lab.folder, "ssh/config")} ${replica.host}`;
  const out = join(lab.folder, "pipe.zst");
  const saved = `until [ "$(${node} INFO persistence | tr -d '\\r' | sed -n s/^rdb_bgsave_in_progress://p)" = 0 ]; do sleep 0.05; done`;
  // While a replica is sent a snapshot BGSAVE is refused, with exit status 0: whoever does not look copies an old file.
  const file = `$(${node} CONFIG GET dir | tail -1)/$(${node} CONFIG GET dbfilename | tail -1)`;
  const shell = (name: string, script: string) => ({ name, argv: ["bash", "-o", "pipefail", "-ec", script] });
  const pipes = [
    shell("redis-cli --rdb | zstd", `${node} --rdb - 2>/dev/null | zstd -q -3 -f -o ${out}`),
    shell(
      "BGSAVE, ssh cat | zstd",
      `until ${node} BGSAVE | grep -q started; do sleep 0.05; done; ${saved}; ${ssh} cat "${file}" | zstd -q -3 -f -o ${out}`,
    ),
  ];
  // Nobody keeps its key.
  const recipient = "age1y9znq5e703uzw5acm6jr2s4k6cy2txxej8785n3gh250hhcqn45sd9vlkp";
  const one = async (name: string, lines: readonly string[], ...args: string[]): Promise<Contestant> => {
    const folder = join(lab.folder, name.replaceAll(/\W/g, "-"));
    await mkdir(folder);
    const declared = await readFile(lab.file, "utf8");
    const section = [
      "    backup:",
      `      repository: ${join(folder, "repository")}`,
      "      retention: { keep_last: 1 }",
      "      minimum_redundancy: 1",
    ];
    const config = join(lab.folder, `${name.replaceAll(/\W/g, "-")}.yaml`);
    await appendFile(config, `${declared}${[...section, ...lines.map((line) => `      ${line}`)].join("\n")}\n`);
    const subject = redisha(name, "backup", "--file", config, ...args);
    return { ...subject, env: { ...subject.env, REDISHA_STATE_DIR: join(folder, "state") } };
  };
  const subjects = [
    await one("redisha backup", []),
    await one("redisha backup, encrypted", [`encrypt_to: [${recipient}]`]),
    await one("redisha backup --method sync", [], "--method", "sync"),
  ];
  await rm(out, { force: true });
  return { pipes, subjects };
}

function primaryOf(lab: Lab) {
  const primary = lab.processes.find(({ service }) => service === "redis");
  if (!primary) throw new RangeError("the lab has no primary");
  return primary;
}

/** The most that a program had in memory while it ran, in MiB. */
async function peakMemory(contestant: Contestant | undefined): Promise<number> {
  const [program = "", ...args] = contestant?.argv ?? [];
  const child = spawn(program, args, {
    env: { ...process.env, ...contestant?.env },
    stdio: ["ignore", "ignore", "inherit"],
  });
  let peak = 0;
  const timer = setInterval(() => {
    readFile(`/proc/${child.pid}/status`, "utf8").then(
      (text) => {
        peak = Math.max(peak, Number(/^VmHWM:\s+(\d+) kB/m.exec(text)?.[1] ?? 0));
      },
      () => undefined,
    );
  }, 50);
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once("error", reject).once("close", resolve),
  );
  clearInterval(timer);
  if (code !== 0) throw new Error(`${contestant?.name} ended with ${code}`);
  return Math.round(peak / 1024);
}
