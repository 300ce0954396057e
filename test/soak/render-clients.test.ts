import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, it } from "vitest";
import { packagePath } from "../../src/core/package-root.ts";
import { PYTHON_REDIS } from "../support/python-redis.ts";
import { fileOf, type Programs, throughFailover } from "../support/rendered-clients.ts";

/**
 * Libraries that neither npm nor Debian brings. They are tried where they are pointed at, and skipped otherwise:
 * REDISHA_CLASSPATH with the jars of Jedis and Lettuce and all that they need; REDISHA_GO_MODULE, a folder whose go.mod knows
 * where go-redis is.
 */
const { REDISHA_CLASSPATH: classpath = "", REDISHA_GO_MODULE: goModule = "" } = process.env;

const built = mkdtempSync(join(tmpdir(), "redisha-clients-"));
afterAll(() => rmSync(built, { recursive: true, force: true }));

const fixture = (name: string) => packagePath("test", "fixtures", "clients", name);

/** Whether a class is in the path. */
function known(name: string): boolean {
  if (classpath === "") return false;
  try {
    execFileSync("javap", ["-cp", classpath, name], { stdio: "ignore" });
    return true;
  } catch {
    process.stderr.write(`${name} is not in REDISHA_CLASSPATH: not tried\n`);
    return false;
  }
}

function java(kind: string) {
  return (folder: string): string[] => {
    const file = fileOf(kind);
    const name = file.replace(/\.java$/, "");
    const out = join(built, name);
    mkdirSync(out, { recursive: true });
    writeFileSync(join(out, "Drive.java"), readFileSync(fixture("Drive.java"), "utf8").replaceAll("CLIENT", name));
    const path = [out, classpath].join(delimiter);
    execFileSync("javac", [
      "-Xlint:all",
      "-Werror",
      "-proc:none",
      "-d",
      out,
      "-cp",
      path,
      join(folder, file),
      join(out, "Drive.java"),
    ]);
    return ["java", "-cp", path, "Drive"];
  };
}

function go(folder: string): string[] {
  const module = join(built, "go");
  cpSync(goModule, module, { recursive: true });
  mkdirSync(join(module, "sessions"), { recursive: true });
  cpSync(join(folder, fileOf("go-redis")), join(module, "sessions", "sessions.go"));
  cpSync(fixture("drive.go"), join(module, "main.go"));
  const env = { ...process.env, GOFLAGS: "-mod=mod" };
  execFileSync("go", ["mod", "edit", "-module", "example.com/app"], { cwd: module, env });
  execFileSync("go", ["vet", "./..."], { cwd: module, env });
  execFileSync("go", ["build", "-o", join(built, "drive"), "."], { cwd: module, env });
  return [join(built, "drive")];
}

const node = (kind: string) => (folder: string) => [
  ...ONLY_WHAT_OTHERS_LEAVE,
  process.execPath,
  packagePath("test", "fixtures", "clients", "drive.mjs"),
  join(folder, fileOf(kind)),
];

/** Of the processor; what a client hears then comes late, and in the midst of something else. */
const ONLY_WHAT_OTHERS_LEAVE = ["chrt", "-i", "0"];

const HINDERED: Programs = {
  ioredis: node("ioredis"),
  "node-redis": node("node-redis"),
  "redis-py": (folder) => [
    ...ONLY_WHAT_OTHERS_LEAVE,
    ...["/usr/bin/env", `PYTHONPATH=${PYTHON_REDIS}`, "/usr/bin/python3"],
    packagePath("test", "fixtures", "clients", "drive.py"),
    folder,
  ],
};

describe.each(["sentinel", "cluster"] as const)("rendered clients of a %s deployment", (topology) => {
  it.skipIf(goModule === "")("go-redis goes on with the new primary", () =>
    throughFailover(topology, { "go-redis": go }),
  );

  it.skipIf(!known("redis.clients.jedis.JedisSentineled"))("Jedis goes on with the new primary", () =>
    throughFailover(topology, { jedis: java("jedis") }),
  );

  it.skipIf(!known("io.lettuce.core.RedisClient"))("Lettuce goes on with the new primary", () =>
    throughFailover(topology, { lettuce: java("lettuce") }),
  );

  it.each(Object.entries(HINDERED))(
    "%s, fourteen of it that hardly get to run, goes on with the new primary",
    (kind, argv) => throughFailover(topology, { [kind]: argv }, 14),
  );
});
