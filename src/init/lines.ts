import { type ConfLine, ConfSyntaxError, parseConf } from "../conf/conf-file.ts";

/** The lines of a file on a host. One that its server would not read either says nothing: it is replaced as a whole. */
export function linesOf(text: string): ConfLine[] {
  try {
    return parseConf(text);
  } catch (error) {
    if (error instanceof ConfSyntaxError) return [];
    throw error;
  }
}

/** The lines of a systemd unit: what stands before `=`, and behind it. */
export function unitLinesOf(text: string): ConfLine[] {
  return text.split(/\r?\n/).map((line) => {
    const [, name = line.trim(), value] = /^\s*(\w+)\s*=\s*(.*)$/.exec(line) ?? [];
    if (name === "" || name.startsWith("#")) return { text: name };
    return { name, values: value === undefined ? [] : [value.trim()] };
  });
}

/** The lines of an ACL file, which knows neither quotes nor comments behind words. */
export function userLinesOf(text: string): ConfLine[] {
  return text
    .split(/\r?\n/)
    .map((line) => line.trim().split(/\s+/))
    .map(([name = "", ...values]) => (name === "" || name.startsWith("#") ? { text: name } : { name, values }));
}
