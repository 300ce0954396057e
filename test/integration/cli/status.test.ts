import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv } from "ajv";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { displayWidth } from "../../../src/cli/output/text.ts";
import { packagePath } from "../../../src/core/package-root.ts";
import { bringUpLab, type TestLab } from "../../support/lab.ts";
import { inShell, onTerminal, redisha } from "../../support/redisha.ts";

const SHOW_CURSOR = "\u001b[?25h";
const HIDE_CURSOR = "\u001b[?25l";

let lab: TestLab;
beforeAll(async () => {
  lab = await bringUpLab({ auth: "acl" });
});
afterAll(() => lab?.down());

describe("status of a healthy deployment", () => {
  it("is one screen of 80 columns with exit 0 and nothing on stderr", async () => {
    const { code, stdout, stderr } = await redisha(["status", "--file", lab.file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("HEALTHY");
    expect(stdout).toMatch(/├─ r2:6379 +replica +✔ link up/);
    expect(stdout).toMatch(/SENTINELS {2}3 of 3 up/);
    const lines = stdout.split("\n");
    expect(lines.length).toBeLessThan(24);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
  });

  it("is JSON that its checked-in schemas accept", async () => {
    const { code, stdout, stderr } = await redisha(["status", "--file", lab.file, "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const document = JSON.parse(stdout);
    expect(await accepts("envelope", document)).toBeNull();
    expect(await accepts("status", document.result)).toBeNull();
    expect(document).toMatchObject({ ok: true, exit: 0, result: { verdict: { state: "healthy" } } });
  });

  it("says the same as YAML and as a JSON line", async () => {
    const yaml = await redisha(["status", "--file", lab.file, "-o", "yaml"]);
    expect(yaml.stdout).toMatch(/^---\nschema_version: 1\n/);
    const line = await redisha(["status", "--file", lab.file, "-o", "jsonl"]);
    expect(line.stdout.trimEnd().split("\n")).toHaveLength(1);
    expect(JSON.parse(line.stdout)).toMatchObject({ type: "result", ok: true });
    expect(await accepts("envelope", JSON.parse(line.stdout))).toBeNull();
  });

  it("ends quietly for `| head -1`, also with pipefail", async () => {
    const { code, stdout, stderr } = await inShell(`set -o pipefail; redisha status --file ${lab.file} | head -1`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^lab {2}sentinel/);
  });

  it("never shows a password, however much is asked for", async () => {
    const passwords = await Promise.all(
      ["operator", "sentinel"].map((role) => readFile(join(lab.status.folder, "secrets", `${role}.password`), "utf8")),
    );
    for (const argv of [["-v", "--debug", "-o", "wide"], ["--json"]]) {
      const { stdout, stderr } = await redisha(["status", "--file", lab.file, ...argv]);
      for (const password of passwords) expect(stdout + stderr).not.toContain(password.trim());
    }
  });

  it("shows every deployment with --all, and one that cannot be looked at hides no other", async () => {
    const { stdout, code } = await redisha(["status", "--all", "--file", lab.file, "--json"]);
    expect(code).toBe(0);
    expect(await accepts("status", JSON.parse(stdout).result)).toBeNull();
  });
});

describe("a watch", () => {
  it("draws over the terminal, and gives the cursor back after q", async () => {
    const shown = await onTerminal(["status", "--file", lab.file, "--watch", "--interval", "200ms"], {
      press: { key: "q", when: (text) => text.split("Every ").length > 2 },
    });
    expect(shown.stdout).toContain(HIDE_CURSOR);
    expect(shown.stdout.split("Every 200ms").length).toBeGreaterThan(2);
    expect(shown.stdout.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(shown.stdout.lastIndexOf(HIDE_CURSOR));
    expect(shown.code).toBe(0);
  });

  it("writes the view once and then a line for each change, where there is no terminal", async () => {
    let killed = false;
    const ended = await redisha(["status", "--file", lab.file, "--watch", "--interval", "100ms"], {
      onStdout: (text, kill) => {
        if (!killed && text.includes("SENTINELS")) {
          killed = true;
          void lab.kill("r3:6379");
        }
        // A look that was on its way when the server died may find it otherwise gone first.
        if (/r3:6379 state: .*✖ refused/.test(text)) kill("SIGTERM");
      },
    });
    await lab.restart("r3:6379");
    expect(ended.code).toBe(143);
    expect(ended.stdout.match(/NODE +ROLE/g)).toHaveLength(1);
    const changes = /^\d{4}-\d\d-\d\dT\S+ r3:6379 state: (.*) → (.*)$/gm;
    const states = [...ended.stdout.matchAll(changes)].map(([, from, to]) => ({ from, to }));
    expect(states[0]?.from).toBe("✔ link up");
    expect(states.at(-1)?.to).toBe("✖ refused");
    expect(ended.stdout).not.toContain("\u001b");
  });

  it("ends when its reader goes away", async () => {
    const { code, stderr } = await inShell(
      `redisha status --file ${lab.file} --watch --interval 100ms -o jsonl | head -2 | wc -l`,
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe("a run", () => {
  it("plans without changing anything", async () => {
    const before = await lab.cli("r1:6379", "DBSIZE");
    const { code, stdout } = await redisha(["run", "canary", "--dry-run", "--file", lab.file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/redis> SET redisha:canary:/);
    expect(await lab.cli("r1:6379", "DBSIZE")).toBe(before);
  });

  it("tells its steps on stderr and its result on stdout", async () => {
    const { code, stdout, stderr } = await redisha(["run", "canary", "--file", lab.file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^✔ done canary on lab/);
    expect(stderr).toMatch(/^\d{4}-\S+Z write: Write it on the primary on r\d:6379$/m);
  });

  it("is JSON lines on stdout, the last of them the result", async () => {
    const { code, stdout, stderr } = await redisha(["run", "canary", "--file", lab.file, "-o", "jsonl"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const events = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ type: "run_started", schema: 1 });
    expect(events.at(-2)).toMatchObject({ type: "run_finished", status: "done" });
    expect(events.at(-1)).toMatchObject({ type: "result", ok: true });
  });

  it("is drawn on a terminal", async () => {
    const { code, stdout } = await onTerminal(["run", "canary", "--file", lab.file]);
    expect(code).toBe(0);
    expect(stdout).toContain("Write it on the primary");
    expect(stdout.lastIndexOf(SHOW_CURSOR)).toBeGreaterThan(stdout.lastIndexOf(HIDE_CURSOR));
  });
});

/** What a checked-in schema has against the data; null where nothing. */
async function accepts(schema: string, data: unknown): Promise<unknown> {
  const ajv = new Ajv({ allErrors: true, strict: false });
  const validate = ajv.compile(JSON.parse(await readFile(packagePath("schemas", `${schema}.schema.json`), "utf8")));
  validate(data);
  return validate.errors ?? null;
}
