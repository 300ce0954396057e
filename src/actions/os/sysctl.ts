import { z } from "zod";
import { defineAction } from "../define.ts";
import { asRoot } from "./as-root.ts";

const valuesSchema = z.record(
  z.string().regex(/^[a-z0-9_]+(\.[a-zA-Z0-9_-]+)+$/, "the name of a kernel setting, such as vm.swappiness"),
  z.string().regex(/^-?[0-9]+( -?[0-9]+)*$/, "a number, or several"),
);

/** Values of the settings named by the arguments, one a line. */
const READ = `for name; do value=$(sysctl -n -- "$name") || exit 1; echo "$value"; done`;

/** Sets pairs of name and value. */
const WRITE = `while [ $# -gt 1 ]; do sysctl -q -w -- "$1=$2" || exit 1; shift 2; done`;

/** Sets what the running kernel goes by; what is to hold after a boot stands in a file of /etc/sysctl.d. */
export const osSysctl = defineAction({
  name: "os.sysctl",
  summary: "Sets kernel settings of each targeted host now; a file in /etc/sysctl.d does so at boot",
  scope: "host",
  effect: "change",
  input: z.strictObject({ values: valuesSchema }),
  output: z.strictObject({ set: z.array(z.string()).describe("Names of those that differed") }),
  example: `- id: swappiness
  action: os.sysctl
  targets: { role: data }
  with: { values: { vm.swappiness: "1" } }
  undo: { action: os.sysctl, with: { values: "\${{ before.values }}" } }`,
  commands: ({ values }) =>
    Object.entries(values).map(([name, value]) => ({ transport: "exec", text: `sysctl -w ${name}='${value}'` })),
  onHost: ({ values }) => [
    { kind: "script", script: WRITE, args: Object.entries(values).flat(), env: {}, become: true, okCodes: [0] },
  ],
  before: async ({ values }, context) => ({ values: await current(Object.keys(values), context) }),
  async run({ values }, context) {
    const now = await current(Object.keys(values), context);
    const due = Object.entries(values).filter(([name, value]) => now[name] !== value);
    const failure = { code: "SYSCTL_NOT_SET", what: "kernel settings could not be set", state: "some may be set" };
    if (due.length > 0) await asRoot(context, WRITE, due.flat(), failure);
    return { outputs: { set: due.map(([name]) => name) }, changed: due.length > 0 };
  },
  async probe({ values }, context) {
    const now = await current(Object.keys(values), context);
    return Object.entries(values).every(([name, value]) => now[name] === value);
  },
});

async function current(
  names: readonly string[],
  context: Parameters<typeof asRoot>[0],
): Promise<Record<string, string>> {
  const failure = { code: "SYSCTL_NOT_READ", what: "kernel settings could not be read", state: "nothing was changed" };
  const lines = (await asRoot(context, READ, names, failure)).split("\n");
  return Object.fromEntries(names.map((name, at) => [name, (lines[at] ?? "").trim().replace(/\s+/g, " ")]));
}
