import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { type Ended, redisha } from "../../support/redisha.ts";
import { runbookText } from "../../support/runs.ts";

/** Twelve values that are easy to leak: each needs another kind of quoting somewhere on its way. */
const SECRETS: Readonly<Record<string, string>> = {
  plain: "Zq8Wk3vplainTr0ub4dor",
  double: `Zq8Wk3vdou"ble"quotes`,
  single: `Zq8Wk3vsin'gle'quotes`,
  both: `Zq8Wk3v'b"o't"h`,
  percent: "Zq8Wk3vper%cent%41%zz",
  newline: "Zq8Wk3vfirstline\nZq8Wk3vsecond line",
  base64: "Zq8Wk3vQWxhZGRpbjpvcGVuIHNlc2FtZQ==",
  url: "Zq8Wk3vu:r@l/w?i#th&all=",
  backslash: "Zq8Wk3vback\\slash\\n",
  dollar: "Zq8Wk3v$(dollar)`tick`${HOME}",
  unicode: "Zq8Wk3vpässwörtß€",
  spaces: "Zq8Wk3v  two  spaces  ",
};

const names = Object.keys(SECRETS);
const env = Object.fromEntries(names.map((name) => [`PLANTED_${name.toUpperCase()}`, SECRETS[name] ?? ""]));

/** Every secret goes through Redis and comes back, through a process on the host by its environment, and into a URL. */
const body = (last: string) => `
secrets:
${names.map((name) => `  ${name}: { from: "env:PLANTED_${name.toUpperCase()}" }`).join("\n")}
concurrency: { lock: none }
steps:
${names
  .map(
    (name) => `  - id: set_${name}
    action: redis.command
    targets: { role: primary }
    with: { command: [SET, "planted:${name}", "\${{ secrets.${name} }}"] }
    undo: { action: redis.command, with: { command: [SET, "planted:${name}", "was \${{ secrets.${name} }}"] } }
  - id: echo_${name}
    action: redis.command
    targets: { role: primary }
    with: { command: [ECHO, "redis://user:\${{ secrets.${name} }}@host/0"] }
    undo: none
  - id: host_${name}
    action: ssh.script
    targets: { role: primary }
    with: { script: 'printf %s "$VALUE"; printf %s "$VALUE" | base64 -w0 >&2', env: { VALUE: "\${{ secrets.${name} }}" } }
    undo: none`,
  )
  .join("\n")}
${last}
`;

/** The server names the unknown command, and so the secret, in its error. */
const FAILS = `  - { id: fails, action: redis.command, targets: { role: primary }, with: { command: ["\${{ secrets.both }}", "\${{ secrets.url }}"] }, undo: none, on_failure: pause }`;

let lab: TestLab;
let place: string;
const commandLines = new Set<string>();
let timer: NodeJS.Timeout;

beforeAll(async () => {
  lab = await bringUpLab({ topology: "replication" });
  place = await mkdtemp(join(tmpdir(), "redisha-secrets-"));
  writeFileSync(join(place, "works.yaml"), runbookText(body("")));
  writeFileSync(join(place, "fails.yaml"), runbookText(body(FAILS)));
  timer = setInterval(sampleCommandLines, 5);
});

afterAll(async () => {
  clearInterval(timer);
  await lab.down();
  await rm(place, { recursive: true, force: true });
});

const run = (...argv: string[]): Promise<Ended> =>
  redisha(argv, { env: { ...env, REDISHA_FILE: lab.file, REDISHA_STATE_DIR: join(place, "state") } });

describe("twelve planted secrets", () => {
  it.each([
    ["a run that works", ["run", "works.yaml", "--debug", "-v"], 0],
    ["its JSON", ["run", "works.yaml", "--json"], 0],
    ["its JSON lines", ["run", "works.yaml", "-o", "jsonl"], 0],
    ["its plan", ["run", "works.yaml", "--dry-run"], 0],
    ["its sealed plan", ["run", "works.yaml", "--dry-run", "--json", "--plan-out", "plan.json"], 0],
    ["a run that fails", ["run", "fails.yaml", "--debug", "-v"], 7],
    ["its JSON, failing", ["run", "fails.yaml", "--json"], 7],
    ["what is shown of it", ["runs", "show", "last"], 0],
    ["what is shown of it as JSON", ["runs", "show", "last", "--json"], 0],
    ["its report", ["runs", "report", "last", "--format", "html"], 0],
    ["its report for a ticket", ["runs", "report", "last", "--format", "md"], 0],
    ["what going back would do", ["runs", "rollback", "last", "--dry-run"], 0],
    ["going back", ["runs", "rollback", "last", "--yes", "-v"], 0],
  ])("are nowhere in %s", async (_, argv, exit) => {
    const inPlace = argv.map((word) => (/\.(yaml|json)$/.test(word) ? join(place, word) : word));
    const { code, stdout, stderr } = await run(...inPlace);
    expect({ code, stderr }).toEqual({ code: exit, stderr: expect.any(String) });
    expectNone(stdout + stderr);
  });

  it("did reach the servers", async () => {
    expect(await lab.cli("r1:6379", "GET", "planted:url")).toContain("Zq8Wk3vu:r@l/w?i#th&all=");
  });

  it("are in no file that redisha wrote, and on no command line while all this ran", async () => {
    for (const file of readdirSync(place, { recursive: true, encoding: "utf8" })) {
      const text = await readFile(join(place, file), "utf8").catch(() => "");
      expectNone(text);
    }
    for (const line of commandLines) expectNone(line);
  });
});

/** Looks for every secret as it is, per line, and in the forms that it takes in URLs, base64, JSON and shells. */
function expectNone(text: string): void {
  for (const value of Object.values(SECRETS)) {
    const lines = [value, ...value.split("\n")];
    const base64 = Buffer.from(value).toString("base64").replace(/=+$/, "");
    const forms = [
      ...lines,
      encodeURIComponent(value),
      base64,
      JSON.stringify(value).slice(1, -1),
      value.replaceAll("'", `'\\''`),
    ];
    for (const form of forms)
      if (text.includes(form)) expect.fail(`${JSON.stringify(form)} stands in: ${around(text, form)}`);
  }
  // Whatever else became of one: all of them begin like this, which no key or digest of another does by chance.
  if (text.includes("Zq8Wk3v")) expect.fail(`a part of a secret stands in: ${around(text, "Zq8Wk3v")}`);
}

function around(text: string, form: string): string {
  const at = text.indexOf(form);
  return text.slice(Math.max(0, at - 100), at + form.length + 100);
}

function sampleCommandLines(): void {
  for (const pid of readdirSync("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    try {
      commandLines.add(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
    } catch {
      // It ended meanwhile.
    }
  }
}
