import { z } from "zod";
import { messageOf } from "../../core/errors.ts";
import { type KernelFacts, kernelFactsSchema } from "../../doctor/facts.ts";
import { defineAction } from "../define.ts";
import { durationSchema } from "../duration-schema.ts";
import { hostOf } from "../needs.ts";
import { asRoot } from "../os/as-root.ts";

/** Lines of each kind that are told: the last ones. */
const MOST = 20;

/**
 * `$1` how many seconds back. What systemd says when a process of a unit ended, when it sets the clock, or sees that somebody
 * did, stands in its own journal; without systemd the kernel's ring is all there is, and tells times since boot. A host that
 * is a container sees nothing of the kernel's ring.
 */
const LOOK = `
if command -v journalctl >/dev/null 2>&1 && [ -d /run/systemd/system ]; then
  echo "== kills"; journalctl -k --since "-$1 seconds" -o short-unix --no-pager -q 2>/dev/null | grep -E 'Out of memory|oom-kill:|Killed process' | tail -n ${MOST}
  echo "== ended"; journalctl _PID=1 --since "-$1 seconds" -o short-unix --no-pager -q 2>/dev/null | grep -E '(redis|valkey|keydb|dragonfly).*(killed by the OOM killer|oom-kill|status=9/KILL)' | tail -n ${MOST}
  echo "== clock"; journalctl --since "-$1 seconds" -o short-unix --no-pager -q 2>/dev/null | grep -E 'Time has been changed|System clock (wrong|was stepped)|Clock change detected|Initial synchronization to time server' | tail -n ${MOST}
else
  echo "== kills"
  now=$(date +%s); up=$(cut -d. -f1 /proc/uptime)
  dmesg 2>/dev/null | sed -n 's/^\\[ *\\([0-9]*\\)\\.[0-9]*\\] \\(.*\\)$/\\1 \\2/p' | grep -E 'Out of memory|oom-kill:|Killed process' | tail -n ${MOST} |
  while read -r at text; do [ "$((up - at))" -le "$1" ] && echo "$((now - up + at)).0 kernel kernel: $text"; done
  echo "== ended"
  echo "== clock"
fi
:
`;

/** Reads what the kernel did to servers, and what happened to the clock. A host that cannot be asked is a fact, and no failure. */
export const doctorKernel = defineAction({
  name: "doctor.kernel",
  summary:
    "Reads of each targeted host which processes the kernel ended for want of memory, what systemd saw of servers that were killed, and jumps of the clock",
  scope: "host",
  effect: "read",
  input: z.strictObject({ within: durationSchema.describe("How far back") }),
  output: kernelFactsSchema,
  example: `- id: kernels
  action: doctor.kernel
  targets: { role: any, per: host }
  with: { within: 1h }`,
  commands: ({ within }) => {
    const since = `--since -${Math.ceil(within / 1_000)}s`;
    return [
      { transport: "script", text: `journalctl -k ${since}` },
      { transport: "script", text: `journalctl _PID=1 ${since}` },
    ];
  },
  async run({ within }, context) {
    const failure = { code: "KERNEL_NOT_READ", what: "the journal cannot be read", state: "nothing was changed" };
    try {
      const host = hostOf(context);
      const said = await asRoot({ ...context, host }, LOOK, [String(Math.ceil(within / 1_000))], failure);
      const [kills, ended, clock] = said
        .split(/^== \w+\n/m)
        .slice(1)
        .map(told);
      return {
        outputs: { read: true, why: null, kills: kills ?? [], ended: ended ?? [], clock: clock ?? [] },
        changed: false,
      };
    } catch (error) {
      context.signal.throwIfAborted();
      return { outputs: { read: false, why: messageOf(error), kills: [], ended: [], clock: [] }, changed: false };
    }
  },
});

/** Lines as `journalctl -o short-unix` prints them. */
function told(text: string): KernelFacts["kills"] {
  return text.split("\n").flatMap((line) => {
    const [, seconds, rest] = /^(\d+(?:\.\d+)?) \S+ [^:]+: (.*)$/.exec(line) ?? [];
    if (seconds === undefined || rest === undefined) return [];
    return [{ at: new Date(Number(seconds) * 1_000).toISOString(), text: rest }];
  });
}
