import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { RedishaError } from "../../../src/core/errors.ts";
import { scrubber } from "../../../src/core/scrub.ts";
import { type SecretSource, secretReader } from "../../../src/inventory/secrets.ts";
import { scratch } from "./support.ts";

let directory: string;
beforeEach(async () => {
  directory = await scratch();
});

function reader(source: SecretSource, env: NodeJS.ProcessEnv = {}): () => Promise<string> {
  return secretReader(source, { file: join(directory, "redisha.yaml"), env: { PATH: process.env.PATH, ...env } });
}

async function failure(source: SecretSource, env?: NodeJS.ProcessEnv): Promise<RedishaError> {
  const error: unknown = await reader(source, env)().catch((thrown: unknown) => thrown);
  if (error instanceof RedishaError) return error;
  throw new Error(`expected a RedishaError, got ${String(error)}`);
}

const shell = (script: string): SecretSource => ({ command: ["sh", "-c", script] });

describe("a secret", () => {
  it("is read from the environment", async () => {
    expect(await reader({ env: "P" }, { P: "sword fish" })()).toBe("sword fish");
  });

  it("is read from a file beside redisha.yaml, without the newline at its end", async () => {
    await writeFile(join(directory, "unix"), "swordfish\n");
    await writeFile(join(directory, "dos"), "swordfish\r\n");
    await writeFile(join(directory, "spaced"), " swordfish ");
    expect(await reader({ file: "unix" })()).toBe("swordfish");
    expect(await reader({ file: "./dos" })()).toBe("swordfish");
    expect(await reader({ file: "spaced" })()).toBe(" swordfish ");
  });

  it("is read from a file below the home directory", async () => {
    await mkdir(join(directory, "home"));
    await writeFile(join(directory, "home", "p"), "swordfish");
    expect(await reader({ file: "~/p" }, { HOME: join(directory, "home") })()).toBe("swordfish");
  });

  it("is printed by a command, which no shell reads", async () => {
    expect(await reader({ command: ["printf", "%s\n", "$HOME; *"] })()).toBe("$HOME; *");
  });

  it("is printed by a command that runs beside redisha.yaml", async () => {
    await writeFile(join(directory, "get"), "#!/bin/sh\npwd\n", { mode: 0o755 });
    expect(await reader({ command: ["./get"] })()).toBe(directory);
  });

  it("is read when it is first asked for, and once, however many ask at the same time", async () => {
    const read = reader(shell("echo x >> count; echo swordfish"));
    await expect(readFile(join(directory, "count"))).rejects.toThrow();
    expect(await Promise.all([read(), read(), read()])).toEqual(["swordfish", "swordfish", "swordfish"]);
    await read();
    expect(await readFile(join(directory, "count"), "utf8")).toBe("x\n");
  });

  it("is read again after a failure", async () => {
    const read = reader({ file: "p" });
    await expect(read()).rejects.toThrow("does not exist");
    await writeFile(join(directory, "p"), "swordfish");
    expect(await read()).toBe("swordfish");
  });

  it("is known to the scrubber before anybody has it", async () => {
    await reader({ env: "P" }, { P: "narwhal-tusk-4" })();
    expect(scrubber.scrub("AUTH narwhal-tusk-4")).not.toContain("narwhal");
  });
});

describe("a secret that is not there", () => {
  it("names the variable", async () => {
    expect(await failure({ env: "REDISHA_PASSWORD" })).toMatchObject({
      code: "SECRET_NOT_FOUND",
      message: "the environment variable REDISHA_PASSWORD is not set",
      exit: 2,
      next: ["read -rs REDISHA_PASSWORD && export REDISHA_PASSWORD"],
    });
  });

  it("names the variable that is empty", async () => {
    expect(await failure({ env: "P" }, { P: "" })).toMatchObject({ message: "the environment variable P is empty" });
  });

  it("names the file", async () => {
    expect(await failure({ file: "p" })).toMatchObject({
      code: "SECRET_NOT_FOUND",
      message: `the secret file ${join(directory, "p")} does not exist`,
    });
  });

  it("names the file that cannot be read", async () => {
    await mkdir(join(directory, "p"));
    expect(await failure({ file: "p" })).toMatchObject({
      code: "SECRET_NOT_READABLE",
      message: `the secret file ${join(directory, "p")} cannot be read: it is a folder, not a file`,
    });
    await rm(join(directory, "p"), { recursive: true });
  });

  it.each([
    ["exits with a failure", shell("exit 3"), "the command that prints a secret, sh, ended with status 3"],
    ["is ended by a signal", shell("kill -9 $$"), "the command that prints a secret, sh, was ended by SIGKILL"],
    [
      "does not exist",
      { command: ["no-such-program"] },
      "the command that prints a secret, no-such-program, could not be started (ENOENT)",
    ],
    ["prints without end", { command: ["yes"] }, "the command that prints a secret, yes, printed more than 64 KiB"],
  ])("says that its command %s", async (_, source, message) => {
    expect(await failure(source)).toMatchObject({ code: "SECRET_COMMAND_FAILED", message, exit: 2 });
  });

  it("is not waited for longer than its command may take, also where a child of it holds on", async () => {
    expect(await failure({ ...shell("sleep 3 & sleep 3"), timeout: "200ms" })).toMatchObject({
      message: "the command that prints a secret, sh, did not finish within 200ms",
    });
  });

  it("leaks nothing that its command said", async () => {
    const error = await failure(shell("echo swordfish-a; echo swordfish-b >&2; exit 1"));
    expect(JSON.stringify(error) + String(error.stack)).not.toContain("swordfish");
  });

  it("is not the first of several lines", async () => {
    const error = await failure(shell("printf 'swordfish-a\\nswordfish-b\\n'"));
    expect(error).toMatchObject({ code: "SECRET_INVALID", message: "what sh printed holds more than one line" });
  });

  it("is not nothing", async () => {
    expect(await failure(shell("echo"))).toMatchObject({
      code: "SECRET_NOT_FOUND",
      message: "what sh printed is empty",
    });
  });
});
