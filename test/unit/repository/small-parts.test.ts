import { Readable } from "node:stream";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { beganAt, isBackupId, newBackupId } from "../../../src/repository/backup-id.ts";
import { parseLocation } from "../../../src/repository/location.ts";
import { fitsParts, partSize, partsAtOnce } from "../../../src/repository/s3/part-size.ts";
import { partsOf } from "../../../src/repository/s3/parts.ts";
import { s3Error } from "../../../src/repository/s3/s3-errors.ts";

describe("the address of a repository", () => {
  it.each([
    ["/srv/backups/", { kind: "file", path: "/srv/backups" }],
    ["file:///srv/a/../b", { kind: "file", path: "/srv/b" }],
    ["file:/srv/b", { kind: "file", path: "/srv/b" }],
    ["s3://bucket", { kind: "s3", bucket: "bucket", prefix: "" }],
    ["s3://bucket/a//b/", { kind: "s3", bucket: "bucket", prefix: "a/b" }],
    ["sftp://h/srv", { kind: "sftp", host: "h", path: "/srv" }],
    ["sftp://me@[::1]:2222/srv/x/", { kind: "sftp", user: "me", host: "::1", port: 2222, path: "/srv/x" }],
    ["sftp://h/~/backups", { kind: "sftp", host: "h", path: "backups" }],
  ])("says where it is: %s", (written, location) => {
    expect(parseLocation(written)).toEqual(location);
  });

  it.each(["backups", "s3://", "sftp://h", "sftp://h/", "ftp://h/x", "file:x", ""])("is refused: `%s`", (written) => {
    expect(() => parseLocation(written)).toThrow(expect.objectContaining({ code: "REPOSITORY_INVALID", exit: 2 }));
  });
});

describe("the id of a backup", () => {
  it("sorts by time, and tells it", () => {
    const date = fc.date({ min: new Date("2000-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });
    fc.assert(
      fc.property(date, date, (a, b) => {
        const [x, y] = [newBackupId(a), newBackupId(b)];
        expect(isBackupId(x)).toBe(true);
        expect(beganAt(x).getTime()).toBe(Math.floor(a.getTime() / 1000) * 1000);
        if (beganAt(x) < beganAt(y)) expect(x < y).toBe(true);
      }),
    );
  });
});

describe("the size of the parts of an upload", () => {
  it("lets twice what was expected through, and is one that S3 takes", () => {
    fc.assert(
      fc.property(fc.option(fc.integer({ min: 0, max: 20 * 1024 ** 4 }), { nil: undefined }), (estimate) => {
        const size = partSize(estimate);
        expect(size).toBeGreaterThanOrEqual(8 * 1024 ** 2);
        expect(size).toBeLessThanOrEqual(5 * 1024 ** 3);
        expect(fitsParts(Math.ceil((2 * (estimate ?? 0)) / size))).toBe(true);
      }),
    );
  });
});

describe("a stream in parts", () => {
  it("is whole again, though the buffer of a part that was sent is filled anew", async () => {
    const pieces = fc.array(fc.uint8Array({ maxLength: 50 }), { maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(pieces, fc.integer({ min: 1, max: 30 }), async (chunks, size) => {
        const spare: Buffer[] = [];
        const buffers = new Set<ArrayBufferLike>();
        const sent: Buffer[] = [];
        const source = Readable.from(chunks.filter(({ length }) => length > 0).map((chunk) => Buffer.from(chunk)));
        for await (const { content, last } of partsOf(source, size, spare)) {
          expect(content.length).toSatisfy((length) => length === size || last);
          buffers.add(content.buffer);
          sent.push(Buffer.from(content));
          spare.push(content);
        }
        expect(Buffer.concat(sent).equals(Buffer.concat(chunks))).toBe(true);
        expect(buffers.size).toBe(1);
      }),
    );
  });

  it("goes with as many at a time as memory is for, and with one where that is too large", () => {
    expect([8, 20, 32, 200].map((mib) => partsAtOnce(mib * 1024 ** 2))).toEqual([4, 1, 1, 1]);
  });
});

describe("what an S3 server answers", () => {
  it.each([
    ["RequestTimeTooSkewed", 403, "REPOSITORY_CLOCK"],
    ["ExpiredToken", 400, "REPOSITORY_CREDENTIALS"],
    ["SignatureDoesNotMatch", 403, "REPOSITORY_CREDENTIALS"],
    ["AccessDenied", 403, "REPOSITORY_DENIED"],
    ["SlowDown", 503, "REPOSITORY_UNREACHABLE"],
    ["InternalError", 500, "REPOSITORY_UNREACHABLE"],
    ["XMinioStorageFull", 507, "REPOSITORY_FULL"],
    ["PermanentRedirect", 301, "REPOSITORY_NOT_FOUND"],
    ["PreconditionFailed", 412, "OBJECT_EXISTS"],
    ["NoSuchKey", 404, "OBJECT_MISSING"],
    ["SomethingNew", 418, "REPOSITORY_FAILED"],
  ])("means, for %s: %s", (name, httpStatusCode, code) => {
    const cause = Object.assign(new Error("said so"), { name, $metadata: { httpStatusCode } });
    const place = { shown: "s3://b/p", bucket: "b", server: "https://s3.example.net", key: "k" };
    expect(s3Error(place, cause)).toMatchObject({ code, message: expect.stringMatching(/\.$/) });
  });
});
