import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Command lines of processes that have anything to do with a folder, by their arguments, environment, working directory or output. */
export function processesNaming(folder: string): string[] {
  return readdirSync("/proc").flatMap((entry) => {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) return [];
    try {
      const commandLine = readFileSync(`/proc/${entry}/cmdline`, "utf8");
      const traces = [
        commandLine,
        readFileSync(`/proc/${entry}/environ`, "utf8"),
        ...["cwd", "fd/1", "fd/2"].map((link) => readlinkSync(`/proc/${entry}/${link}`)),
      ];
      return traces.some((trace) => trace.includes(folder)) ? [commandLine.replaceAll("\0", " ")] : [];
    } catch {
      return [];
    }
  });
}
