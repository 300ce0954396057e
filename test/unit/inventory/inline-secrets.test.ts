import { describe, expect, it } from "vitest";
import { InvalidFileError } from "../../../src/core/errors.ts";
import { scrubber } from "../../../src/core/scrub.ts";
import { MASK } from "../../../src/core/secret.ts";
import { file, load, REPLICATION, rawProblemsOf } from "./support.ts";

const SECRET = "swordfish-17";
const replication = (...lines: string[]) => file(...REPLICATION, ...lines);

/** What somebody might write, and the place that is pointed at. */
const INLINE: [string, string, string][] = [
  ["a password", replication(`auth: { operator: { password: ${SECRET} } }`), "7:35"],
  ["a password in quotes", replication(`auth: { operator: { password: "${SECRET}" } }`), "7:35"],
  ["a password as a key", replication(`auth: { operator: { password: { ${SECRET} } } }`), "7:37"],
  ["a misspelt password", replication(`auth: { operator: { pasword: ${SECRET} } }`), "7:34"],
  ["a password where none belongs", replication(`tls: { key_password: ${SECRET} }`), "7:26"],
  [
    "a passphrase of a host",
    file(
      "topology: replication",
      `hosts: { r1: { address: a, ssh: { passphrase: ${SECRET} } } }`,
      "redis: { on: [r1] }",
    ),
    "5:51",
  ],
  ["requirepass", file(...REPLICATION.slice(0, 2), `redis: { on: [r1], config: { requirepass: ${SECRET} } }`), "6:47"],
  ["masterauth", file(...REPLICATION.slice(0, 2), `redis: { on: [r1], config: { masterauth: ${SECRET} } }`), "6:46"],
  ["a password in an address", replication(`backup: { repository: "sftp://me:${SECRET}@h/x" }`), "7:27"],
  ["an S3 key", replication(`backup: { repository: s3://b, s3: { secret_key: ${SECRET} } }`), "7:53"],
  [
    "the secret half of an age key",
    replication(`backup: { repository: /x, encrypt_to: [AGE-SECRET-KEY-${SECRET}] }`),
    "7:44",
  ],
  [
    "a private key",
    replication("ssh:", "  identity: |", "    -----BEGIN OPENSSH PRIVATE KEY-----", `    ${SECRET}`),
    "8:17",
  ],
];

describe("a secret in the file itself", () => {
  it.each(INLINE)("is refused: %s", async (_, text, place) => {
    const inline = (await rawProblemsOf(text)).filter(({ code }) => code === "SECRET_INLINE");
    expect(inline.map(({ position }) => `${position.line}:${position.column}`)).toEqual([place]);
    expect(inline[0]?.hint).not.toBe("");
  });

  it.each(INLINE)("is not repeated by anything that is said of it: %s", async (_, text) => {
    const error = await load(text).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(InvalidFileError);
    expect(JSON.stringify(error) + String(error)).not.toContain(SECRET);
    expect(JSON.stringify(await rawProblemsOf(text))).not.toContain(SECRET);
  });

  it("is masked from then on, also in an excerpt of the file", async () => {
    await rawProblemsOf(replication("auth: { operator: { password: hammerhead-9 } }"));
    expect(scrubber.scrub("    operator: { password: hammerhead-9 }")).toBe(`    operator: { password: ${MASK} }`);
  });

  it("is masked from then on, where it was only a part of a value", async () => {
    await rawProblemsOf(replication('backup: { repository: "sftp://me:lanternshark-3@h/x" }'));
    expect(scrubber.scrub("lanternshark-3")).toBe(MASK);
  });

  it.each([
    "*swordfish-17",
    "!swordfish-17",
    "@swordfish-17",
    '"swordfish-17',
    "{ swordfish-17",
    '"swordfish-17\\q"',
    "`swordfish-17",
    "%swordfish-17",
    "a: swordfish-17: b",
  ])("is not repeated where it breaks the YAML: password: %s", async (written) => {
    const problems = await rawProblemsOf(replication("auth:", "  operator:", `    password: ${written}`, "ssh: none"));
    expect(problems).not.toEqual([]);
    expect(JSON.stringify(problems)).not.toContain("swordfish");
  });

  it("is said once, with what to write instead", async () => {
    expect(await rawProblemsOf(replication("auth: { operator: { password: 12345678 } }"))).toMatchObject([
      { code: "SECRET_INLINE", hint: expect.stringContaining("{ env: REDISHA_PASSWORD }") },
    ]);
  });
});
