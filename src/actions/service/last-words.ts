import type { Instance } from "../../inventory/model.ts";
import type { ActionContext } from "../contract.ts";
import type { Service } from "./descriptor.ts";
import { brieflyOnHostOf } from "./shell.ts";

/**
 * `$1` unit or `-`, `$2` its configuration file, `$3` and `$4` where its output goes. Prints the end of its logfile, of its
 * output, and of what systemd keeps of its last start: one that refuses its configuration has not opened a logfile yet. Of a
 * crash, whose report fills hundreds of lines, what stands first is what tells.
 */
const ENDS = `
end() { sed '/^------ /,/oO0OoO0/d' | tail -n 30; }
file=$(sed -n 's/^[[:space:]]*logfile[[:space:]]*//Ip' -- "$2" 2>/dev/null | tail -n 1 | tr -d "\\"'")
for f in "$file" "$3" "$4"; do
  case $f in /dev/null) ;; /*) tail -n 1000 -- "$f" 2>/dev/null | end ;; esac
done
[ "$1" = - ] || journalctl "_SYSTEMD_INVOCATION_ID=$(systemctl show -p InvocationID --value -- "$1")" -n 1000 --no-pager -o cat 2>/dev/null | end
true`;

/** Of systemd, of every start, and of every crash. */
const NOISE =
  /\.service: |^(Failed to start|Start(ed|ing)|Stopp(ed|ing)) |Memory overcommit|Software Failure|BUG REPORT START/;
const TELLING =
  /fatal|error|fail|can't|cannot|unable|denied|refus|bad |wrong|no such|no space|unknown|crashed|assert|guru|^>>> /i;

/** The lines of a server's logs that say why it ended, or does not do what it is for: behind them it may go on about its data. */
export async function lastWords(instance: Instance, service: Service, context: ActionContext): Promise<string> {
  const { unit, config_file, stdout, stderr } = service;
  const failure = { code: "LOG_NOT_READ", what: "the log cannot be read", state: "nothing was changed by that" };
  const said = await brieflyOnHostOf(instance, context, ENDS, [unit ?? "-", config_file, stdout, stderr], failure);
  return telling(said);
}

/** Of lines that differ in nothing but time, pid or number the first one stands for all. */
function telling(log: string): string {
  const lines = log
    .split("\n")
    .map((line) => line.replace(/^\d+:[A-Z] \d{2} \w{3} \d{4} [\d:.]+ [.*#-] /, "").trim())
    .filter((line) => line !== "" && !NOISE.test(line));
  const about = new Map(lines.map((line) => [line.replace(/\d+/g, "0"), line]));
  const distinct = [...about.values()];
  const found = distinct.filter((line) => TELLING.test(line));
  return (found.length > 0 ? found : distinct).slice(-3).join(" / ");
}
