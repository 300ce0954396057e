import { describe, expect, it } from "vitest";
import { envelopeSchema } from "../../../src/cli/envelope.ts";
import { reportOf } from "../../../src/cli/error-report.ts";
import { excerpt } from "../../../src/cli/excerpt.ts";
import { PLAIN_THEME } from "../../../src/cli/output/theme.ts";
import { errorJson, renderError } from "../../../src/cli/render-error.ts";
import { InvalidFileError, RedishaError } from "../../../src/core/errors.ts";
import { EXIT } from "../../../src/core/exit-codes.ts";

const file = "/srv/redisha.yaml";
const text = "version: 1\ndeployments:\n  shop:\n    topolgy: sentinel\n    auth:\n      password: hunter2\n";
const options = { theme: PLAIN_THEME, width: 80, debug: false, readFile: () => text };

describe("an error on purpose", () => {
  const error = new RedishaError({
    code: "SSH_REFUSED",
    message: "nothing listens on 10.0.1.11:22",
    host: "r2",
    exit: EXIT.cannotConnect,
    state: "nothing was changed",
    next: ["ssh r2", "redisha status\n  --file other.yaml"],
  });

  it("says code, host, what happened, what state things are in and what to type next", () => {
    expect(renderError(reportOf(error), options)).toMatchInlineSnapshot(`
      "Error SSH_REFUSED r2: nothing listens on 10.0.1.11:22
      State: nothing was changed
      Next: ssh r2
            redisha status
              --file other.yaml
      "
    `);
  });

  it("keeps the same facts as data", () => {
    const json = errorJson(reportOf(error), undefined);
    const envelope = { schema_version: 1, command: "status", ok: false, exit: 6, error: json, warnings: [] };
    expect(envelopeSchema.parse(envelope)).toEqual(envelope);
    expect(json).toMatchObject({ code: "SSH_REFUSED", host: "r2", next: error.next });
  });

  it("shows no stack unless it is asked for", () => {
    expect(renderError(reportOf(error), options)).not.toContain("errors.test.ts");
    expect(renderError(reportOf(error), { ...options, debug: true })).toContain("errors.test.ts");
  });
});

describe("an invalid file", () => {
  const at = (line: number, column: number) => ({ file, line, column });

  it("shows every problem with its place, its line and a caret", () => {
    const error = new InvalidFileError("INVENTORY_INVALID", file, [
      { code: "UNKNOWN_KEY", message: "unknown key topolgy", position: at(4, 5), hint: "did you mean topology?" },
      { code: "INLINE_SECRET", message: "a password must not stand in the file", position: at(6, 17) },
    ]);
    const rendered = renderError(reportOf(error), options);
    expect(rendered).toMatchInlineSnapshot(`
      "Error INVENTORY_INVALID: /srv/redisha.yaml: 2 problems
        /srv/redisha.yaml:4:5 unknown key topolgy UNKNOWN_KEY
          4 |     topolgy: sentinel
            |     ^
          → did you mean topology?
        /srv/redisha.yaml:6:17 a password must not stand in the file INLINE_SECRET
      State: nothing was touched
      "
    `);
    expect(rendered).not.toContain("hunter2");
  });
});

describe("an excerpt", () => {
  it.each([
    ["on its line", "auth:\n  password: hunter2", 2],
    ["in a flow mapping", "auth: { username: a, password: hunter2 }", 1],
    ["on the line below its key", "auth:\n  password:\n    hunter2", 3],
    ["in a list below its key, in the same column", "auth:\n  tokens: 1\n  api-key:\n  - hunter2", 4],
    ["in a block of several lines", "private_key: |\n  -----BEGIN\n  hunter2", 3],
  ])("never shows a secret that stands %s", (_, source, line) => {
    expect(excerpt(source, { line, column: 5 })).toBeUndefined();
  });

  it("puts the caret below the column, with tabs before it too", () => {
    expect(excerpt("a:\n\tb: 1", { line: 2, column: 2 })).toBe("2 | \tb: 1\n  | \t^");
  });

  it("is left out where the line is not there", () => {
    expect(excerpt("a: 1", { line: 7, column: 1 })).toBeUndefined();
  });
});

describe("anything else that is thrown", () => {
  it("is a bug, with exit 1 and the causes in its stack", () => {
    const report = reportOf(new Error("outer", { cause: new TypeError("inner") }));
    expect(report).toMatchObject({ code: "BUG", bug: true, exit: 1 });
    expect(report.stack).toMatch(/outer[\s\S]*caused by: TypeError: inner/);
  });
});
