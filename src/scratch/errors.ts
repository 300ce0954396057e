import { RedishaError } from "../core/errors.ts";
import { EXIT } from "../core/exit-codes.ts";

/** What a server says when it cannot load a file, and what that means. */
const MEANINGS: readonly (readonly [RegExp, string, string])[] = [
  [
    /Can't handle RDB format version \d+|Wrong signature trying to load DB/,
    "SCRATCH_VERSION",
    "its format is not one that this server reads",
  ],
  [
    /module data I can't load|AUX module data|no matching module type/,
    "SCRATCH_MODULE",
    "it holds data of a module that this server does not have",
  ],
  [
    /RDB CRC error|Wrong RDB checksum|Unexpected EOF|Short read or OOM|Internal error in RDB reading/,
    "SCRATCH_DAMAGED",
    "it is damaged",
  ],
  [
    /Bad file format reading the append only file|Unexpected end of file reading the append only file|AOF .*truncated/,
    "SCRATCH_DAMAGED",
    "it is damaged",
  ],
  [/handle more than \d+ databases|DB number is out of range/, "SCRATCH_DATABASES", "it has more databases than fit"],
  [/Out Of Memory|Can't allocate/i, "SCRATCH_MEMORY", "there is not enough memory"],
];

/** Why a server did not load what it was given; `log` is all that it wrote. */
export function notLoaded(how: string, log: string): RedishaError {
  const lines = log
    .trimEnd()
    .split("\n")
    .map((line) => line.replace(/^\d+:\w \d+ \w+ \d+ [\d:.]+ /, ""));
  const found = MEANINGS.flatMap(([pattern, code, meaning]) => {
    const line = lines.find((each) => pattern.test(each));
    return line === undefined ? [] : [{ code, meaning, line }];
  })[0];
  const said = found?.line ?? lines.filter((line) => /^[#*] |rror/.test(line)).at(-1) ?? lines.at(-1) ?? "";
  return new RedishaError({
    code: found?.code ?? "SCRATCH_LOAD_FAILED",
    message: `A scratch server could not load it${found ? `: ${found.meaning}` : ""}; the server ${how} and said: ${said.replace(/^[#*.-] /, "")}`,
    exit: EXIT.verificationFailed,
    state: "nothing was changed",
    next: ["redisha backup list", "redisha backup verify"],
  });
}
