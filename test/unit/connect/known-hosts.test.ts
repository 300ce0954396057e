import { createHmac, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fingerprint,
  hostKeyType,
  judgeHostKey,
  knownKeyTypes,
  lookupName,
  parseKnownHosts,
} from "../../../src/connect/known-hosts.ts";

const key = (type: string, fill: string) => {
  const name = Buffer.from(type);
  const head = Buffer.alloc(4);
  head.writeUInt32BE(name.length);
  return Buffer.concat([head, name, Buffer.from(fill)]);
};
const ed = key("ssh-ed25519", "one");
const other = key("ssh-ed25519", "two");
const rsa = key("ssh-rsa", "three");
const line = (names: string, value: Buffer, marker = "") =>
  `${marker}${names} ${hostKeyType(value)} ${value.toString("base64")} comment\n`;
const judge = (text: string, host = "r1", port = 22, shown = ed, alias?: string) =>
  judgeHostKey(parseKnownHosts(text, "kh"), { host, port, alias }, shown);

function hashed(name: string): string {
  const salt = randomBytes(20);
  return `|1|${salt.toString("base64")}|${createHmac("sha1", salt).update(name).digest("base64")}`;
}

describe("known hosts", () => {
  test("know a host by name, whatever its case", () => {
    expect(judge(line("r1", ed), "R1").kind).toBe("known");
    expect(judge(line("other,r1", ed)).kind).toBe("known");
  });

  test("pass over comments, empty and broken lines, and count them", () => {
    const text = `# comment\n\nr1 ssh-ed25519\n@unknown r1 ssh-ed25519 AAAA\r\n${line("r1", other)}`;
    expect(judge(text)).toMatchObject({ kind: "changed", at: { file: "kh", line: 5 } });
  });

  test("know nothing of a host that is not there, or has only keys of other types", () => {
    expect(judge(line("r2", ed))).toEqual({ kind: "unknown", otherTypes: [], authority: false });
    expect(judge(line("r1", rsa))).toEqual({ kind: "unknown", otherTypes: ["ssh-rsa"], authority: false });
    expect(judge(line("r1", rsa, "@cert-authority "))).toMatchObject({ authority: true, otherTypes: [] });
  });

  test("take one matching key among several as enough", () => {
    expect(judge(line("r1", other) + line("r1", ed)).kind).toBe("known");
  });

  test("refuse a revoked key even where it is known too", () => {
    const text = line("r1", ed) + line("*", ed, "@revoked ");
    expect(judge(text)).toMatchObject({ kind: "revoked", at: { line: 2 } });
    expect(judge(text, "r1", 22, other).kind).toBe("changed");
  });

  test("look for a port of its own, and for the bare name where that matches", () => {
    expect(judge(line("[r1]:2222", ed), "r1", 2222).kind).toBe("known");
    expect(judge(line("[r1]:2222", ed)).kind).toBe("unknown");
    expect(judge(line("r1", ed), "r1", 2222).kind).toBe("known");
    // As in ssh: that the bare name has another key is no proof of a change on another port.
    expect(judge(line("r1", other), "r1", 2222).kind).toBe("unknown");
  });

  test("look for an alias instead of the address, without a port", () => {
    expect(judge(line("vault", ed), "10.0.0.1", 2222, ed, "vault").kind).toBe("known");
    expect(judge(line("10.0.0.1", ed), "10.0.0.1", 22, ed, "vault").kind).toBe("unknown");
  });

  test("read patterns and their negation", () => {
    expect(judge(line("*.shop,!db.shop", ed), "web.shop").kind).toBe("known");
    expect(judge(line("*.shop,!db.shop", ed), "db.shop").kind).toBe("unknown");
    expect(judge(line("10.0.0.?", ed), "10.0.0.12").kind).toBe("unknown");
  });

  test("read hashed names, for any name and port", () => {
    fc.assert(
      fc.property(fc.domain(), fc.integer({ min: 1, max: 65_535 }), (host, port) => {
        const text = line(hashed(lookupName({ host, port })), ed);
        expect(judge(text, host, port).kind).toBe("known");
        expect(judge(text, `${host}x`, port).kind).toBe("unknown");
      }),
    );
  });

  test("never fail on whatever a file holds", () => {
    fc.assert(fc.property(fc.string(), (text) => void judge(text)));
  });

  test("tell the types to ask a server for, but not those of authorities", () => {
    const text = line("r1", rsa) + line("r1", ed) + line("r1", ed, "@cert-authority ") + line("r2", other);
    expect(knownKeyTypes(parseKnownHosts(text, "kh"), { host: "r1", port: 22 })).toEqual(["ssh-rsa", "ssh-ed25519"]);
  });

  test("show a fingerprint as ssh-keygen does", () => {
    const shown = "AAAAC3NzaC1lZDI1NTE5AAAAIPB1IYQ9Zxy8+yjCWOpzAsoycH/cUyng2+/GK2uc4AIL";
    expect(fingerprint(Buffer.from(shown, "base64"))).toBe("SHA256:uGFkrPHseY6rfl6ymVS8W17i2jBh6zNrlAOc2pLq4wg");
  });
});
