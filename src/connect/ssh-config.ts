import { readdir, readFile } from "node:fs/promises";
import { homedir, userInfo } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import SSHConfig, { type Line } from "ssh-config";
import { messageOf, RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";
import { matchesPattern, matchesPatterns } from "./patterns.ts";

/** Values of ssh_config for one host, by lower-case keyword. The first value counts, but for keywords that collect. */
export type SshConfigValues = ReadonlyMap<string, readonly (readonly string[])[]>;

const USER_CONFIG = join(homedir(), ".ssh", "config");
const SYSTEM_CONFIG = "/etc/ssh/ssh_config";

/** Deeper nesting of Include is a loop (the limit of ssh itself). */
const MAX_DEPTH = 16;

/**
 * What ssh_config says of a host, read as ssh reads it: the user's file, then the system's; where `configFile` is given,
 * that one alone (`ssh -F`). A missing file says nothing. Conditions that only the ssh program can judge
 * (`Match exec`, `final`, `canonical`, …) are an error where they would decide something.
 */
export async function readSshConfig(
  host: string,
  options: { readonly user?: string | undefined; readonly configFile?: string | undefined },
): Promise<SshConfigValues> {
  const reader = new ConfigReader(host, options.user);
  if (options.configFile) {
    await reader.readRequired(options.configFile);
  } else {
    await reader.read(USER_CONFIG, 0);
    await reader.read(SYSTEM_CONFIG, 0);
  }
  return reader.values;
}

class ConfigReader {
  readonly values = new Map<string, string[][]>();
  readonly #host: string;
  readonly #localUser = userInfo().username;

  constructor(host: string, user: string | undefined) {
    this.#host = host;
    if (user) this.values.set("user", [[user]]);
  }

  async readRequired(file: string): Promise<void> {
    if (!(await this.read(file, 0))) {
      throw new RedishaError({
        code: "SSH_CONFIG_INVALID",
        message: `The ssh configuration ${file} does not exist.`,
        exit: EXIT.usage,
        state: "nothing was touched",
      });
    }
  }

  /** False where there is no such file. */
  async read(file: string, depth: number): Promise<boolean> {
    let text: string;
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
      throw invalid(file, messageOf(error));
    }
    // ssh-config cannot read a file that ends inside a line, or one of empty lines.
    if (text.trim() === "") return true;
    let lines: readonly Line[];
    try {
      lines = SSHConfig.parse(text.replaceAll("\r\n", "\n"));
    } catch (error) {
      throw invalid(file, messageOf(error));
    }
    await this.#apply(lines, file, depth);
    return true;
  }

  async #apply(lines: readonly Line[], file: string, depth: number): Promise<void> {
    for (const line of lines) {
      if (!("param" in line)) continue;
      if ("config" in line) {
        if (this.#holds(line.param, wordsOf(line.value), file)) await this.#apply(line.config, file, depth);
      } else if (/^include$/i.test(line.param)) {
        await this.#include(wordsOf(line.value), file, depth);
      } else {
        this.#set(line.param.toLowerCase(), wordsOf(line.value));
      }
    }
  }

  #set(keyword: string, words: string[]): void {
    const known = this.values.get(keyword);
    if (!known) this.values.set(keyword, [words]);
    else if (COLLECTED.has(keyword)) known.push(words);
  }

  async #include(patterns: readonly string[], file: string, depth: number): Promise<void> {
    if (depth >= MAX_DEPTH) throw invalid(file, "its Include lines nest too deep");
    const base = file.startsWith("/etc/ssh/") ? "/etc/ssh" : join(homedir(), ".ssh");
    for (const pattern of patterns) {
      const path = expandHome(pattern);
      const full = isAbsolute(path) ? path : join(base, path);
      for (const found of await expandGlob(full)) await this.read(found, depth + 1);
    }
  }

  #holds(keyword: string, words: readonly string[], file: string): boolean {
    if (/^host$/i.test(keyword)) return matchesPatterns(words, this.#host);
    const criteria = [...words];
    while (criteria.length > 0) {
      const word = criteria.shift() ?? "";
      const negated = word.startsWith("!");
      const name = (negated ? word.slice(1) : word).toLowerCase();
      if (name === "all") continue;
      const holds = this.#criterion(name, criteria, file);
      if (holds === negated) return false;
    }
    return true;
  }

  #criterion(name: string, rest: string[], file: string): boolean {
    const subject = {
      host: this.values.get("hostname")?.[0]?.[0]?.replaceAll("%h", this.#host) ?? this.#host,
      originalhost: this.#host,
      user: this.values.get("user")?.[0]?.[0] ?? this.#localUser,
      localuser: this.#localUser,
    }[name];
    if (subject === undefined) throw unsupported(`\`Match ${name}\``, file);
    return matchesPatterns((rest.shift() ?? "").split(","), subject);
  }
}

/** Keywords that add to what was said before instead of losing to it. */
const COLLECTED = new Set(["identityfile", "certificatefile"]);

function wordsOf(value: string | readonly { readonly val: string }[]): string[] {
  return typeof value === "string" ? [value] : value.map(({ val }) => val);
}

/** Paths that a glob with `*` and `?` names, sorted; a path without them is itself. */
async function expandGlob(path: string): Promise<string[]> {
  if (!/[*?]/.test(path)) return [path];
  const parent = dirname(path);
  const pattern = path.slice(parent.length + 1);
  const parents = parent === path ? [parent] : await expandGlob(parent);
  const found = await Promise.all(
    parents.map(async (directory) => {
      const names = await readdir(directory).catch(() => []);
      return names
        .filter((name) => matchesPattern(pattern, name) && (pattern.startsWith(".") || !name.startsWith(".")))
        .map((name) => join(directory, name));
    }),
  );
  return found.flat().sort();
}

/** `~/x` as an absolute path. */
export function expandHome(path: string): string {
  return path === "~" || path.startsWith("~/") ? join(homedir(), path.slice(1)) : path;
}

/** Something that stands in ssh_config and only the ssh program can do. */
export function unsupported(what: string, where: string): RedishaError {
  return new RedishaError({
    code: "SSH_CONFIG_UNSUPPORTED",
    message: `${what} in ${where} is something that only the ssh program itself can do.`,
    exit: EXIT.usage,
    state: "nothing was connected to",
    next: ["let redisha use the ssh program: `ssh: { adapter: openssh }` in redisha.yaml"],
  });
}

function invalid(file: string, why: string): RedishaError {
  return new RedishaError({
    code: "SSH_CONFIG_INVALID",
    message: `The ssh configuration ${file} cannot be read: ${why}.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: [`ssh -G -F ${file} example.invalid`],
  });
}
