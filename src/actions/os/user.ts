import { z } from "zod";
import { defineAction } from "../define.ts";
import { asRoot } from "./as-root.ts";

/** `$1` a user. Prints `made` or `there`. */
const MAKE = `
if id -u -- "$1" >/dev/null 2>&1; then echo there; exit 0; fi
useradd --system --user-group --home-dir "/var/lib/$1" --no-create-home --shell /usr/sbin/nologin -- "$1" && echo made`;

/** Makes the user that servers run as, where no package does. */
export const hostUser = defineAction({
  name: "host.user",
  summary: "Makes a system user and a group of its name on each targeted host, where there is none",
  scope: "host",
  effect: "change",
  input: z.strictObject({
    name: z.string().regex(/^[a-z_][a-z0-9_-]{0,30}$/, "the name of a user"),
  }),
  output: z.strictObject({}),
  example: `- id: user
  action: host.user
  targets: { role: any, per: host }
  with: { name: redis }
  undo: none`,
  commands: ({ name }) => [{ transport: "exec", text: `useradd --system --user-group ${name}` }],
  repeatable: true,
  async run({ name }, context) {
    const failure = {
      code: "HOST_USER_NOT_MADE",
      what: `the user ${name} could not be made`,
      state: "it is not there",
    };
    const said = await asRoot(context, MAKE, [name], failure);
    return { outputs: {}, changed: said.trim() === "made" };
  },
});
