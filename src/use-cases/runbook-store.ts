import { existsSync, realpathSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { inWords, readRegularFile } from "../core/files.ts";
import { nearest } from "../core/nearest.ts";
import { packagePath } from "../core/package-root.ts";

/** A runbook file, and whose it is. */
export interface RunbookFile {
  readonly name: string;
  readonly path: string;
  readonly origin: "shipped" | "ejected" | "file";
}

/**
 * Where runbooks come from: the operator's `runbooks/` beside redisha.yaml first, then those shipped with redisha. A copy
 * there with the name of a shipped one is used instead of it.
 */
export class RunbookStore {
  /** The folder whose `runbooks/` are the operator's. */
  readonly directory: string;
  readonly #own: string;
  readonly #shipped = packagePath("runbooks");

  /** `directory` is where redisha.yaml stands, or the working directory where there is none. */
  constructor(directory: string) {
    this.directory = directory;
    this.#own = join(directory, "runbooks");
  }

  /** All runbooks by name; an operator's copy stands for the shipped one. */
  async list(): Promise<RunbookFile[]> {
    const shipped = await yamlFiles(this.#shipped);
    const own = this.#ownIsShipped() ? [] : await yamlFiles(this.#own);
    const found = new Map<string, RunbookFile>();
    for (const path of shipped) found.set(nameOf(path), { name: nameOf(path), path, origin: "shipped" });
    for (const path of own) {
      const origin = found.has(nameOf(path)) ? "ejected" : "file";
      found.set(nameOf(path), { name: nameOf(path), path, origin });
    }
    return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The file meant by a name (`canary`, `builtin:canary`) or a path. Fails with RUNBOOK_NOT_FOUND. */
  async find(ref: string): Promise<RunbookFile> {
    if (/\.ya?ml$/.test(ref) || ref.includes("/")) {
      const path = resolve(ref);
      if (!existsSync(path)) throw notFound(ref, await this.list());
      return { name: nameOf(path), path, origin: "file" };
    }
    const name = ref.replace(/^builtin:/, "");
    const all = await this.list();
    const found = all.find((file) => file.name === name);
    if (!found) throw notFound(ref, all);
    return found;
  }

  /**
   * Paths of the tests meant: of files by their path, of runbooks by their name; without any, every test that stands
   * beside a runbook. Fails with RUNBOOK_TEST_NOT_FOUND.
   */
  async tests(refs: readonly string[]): Promise<string[]> {
    const all = await this.list();
    const paths = refs.length > 0 ? refs.map((ref) => this.#testOf(ref, all)) : all.map(({ path }) => testBeside(path));
    const missing = refs.length > 0 ? paths.findIndex((path) => !existsSync(path)) : -1;
    if (missing !== -1) throw noTest(refs[missing] ?? "", paths[missing] ?? "");
    return paths.filter((path) => existsSync(path));
  }

  #testOf(ref: string, all: readonly RunbookFile[]): string {
    if (/\.test\.ya?ml$/.test(ref)) return resolve(ref);
    if (/\.ya?ml$/.test(ref) || ref.includes("/")) return testBeside(resolve(ref));
    const found = all.find(({ name }) => name === ref.replace(/^builtin:/, ""));
    if (!found) throw notFound(ref, all);
    return testBeside(found.path);
  }

  /** The text of a runbook. Fails with RUNBOOK_NOT_READABLE. */
  async read({ path }: RunbookFile): Promise<string> {
    try {
      return await readRegularFile(path);
    } catch (cause) {
      throw new RedishaError({
        code: "RUNBOOK_NOT_READABLE",
        message: `${path} cannot be read: ${inWords(cause)}`,
        exit: EXIT.usage,
        state: "nothing was touched",
        next: [`ls -ld ${path}`],
        cause,
      });
    }
  }

  /** Copies a shipped runbook to the operator's folder, where it is used instead. Never overwrites: RUNBOOK_EXISTS. */
  async eject(name: string): Promise<string> {
    const from = join(this.#shipped, `${name}.yaml`);
    if (!existsSync(from)) throw notFound(name, await this.list());
    const to = join(this.#own, `${name}.yaml`);
    if (existsSync(to)) throw exists(to);
    await mkdir(dirname(to), { recursive: true });
    await writeFile(to, await readFile(from), { flag: "wx" });
    return to;
  }

  #ownIsShipped(): boolean {
    return existsSync(this.#own) && realpathSync(this.#own) === realpathSync(this.#shipped);
  }
}

async function yamlFiles(directory: string): Promise<string[]> {
  if (!existsSync(directory)) return [];
  const names = await readdir(directory);
  return names
    .filter((name) => /\.ya?ml$/.test(name) && !/\.test\.ya?ml$/.test(name))
    .map((name) => join(directory, name));
}

function testBeside(path: string): string {
  return path.replace(/\.ya?ml$/, ".test.yaml");
}

function noTest(ref: string, path: string): RedishaError {
  return new RedishaError({
    code: "RUNBOOK_TEST_NOT_FOUND",
    message: `There is no test for ${ref}: ${path} does not exist.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["redisha runbook test"],
  });
}

function nameOf(path: string): string {
  return basename(path).replace(/\.ya?ml$/, "");
}

function notFound(ref: string, all: readonly RunbookFile[]): RedishaError {
  const near = nearest(
    ref.replace(/^builtin:/, ""),
    all.map(({ name }) => name),
  );
  return new RedishaError({
    code: "RUNBOOK_NOT_FOUND",
    message: `There is no runbook ${ref}${near ? `; did you mean ${near}?` : "."}`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["redisha runbook list"],
  });
}

function exists(path: string): RedishaError {
  return new RedishaError({
    code: "RUNBOOK_EXISTS",
    message: `${path} exists already; it is not overwritten.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [`redisha runbook validate ${path}`],
  });
}
