import { z } from "zod";
import { clientsDue, makeClients } from "../../certificates/client-certificates.ts";
import { defineAction } from "../define.ts";

/** Makes the certificates that clients come with, redisha's own first, where servers ask for one. */
export const tlsClients = defineAction({
  name: "tls.clients",
  summary:
    "Makes certificates of clients on this machine, redisha's own and those of tls.client_names, where they are missing, about to end, or of another authority than the one that signs",
  scope: "controller",
  effect: "change",
  input: z.strictObject({
    by: z
      .enum(["newest", "current"])
      .default("newest")
      .describe("Who signs while one authority takes the place of another"),
  }),
  output: z.strictObject({ made: z.array(z.string()).describe("Names of clients that got a new one") }),
  example: `- id: clients
  action: tls.clients
  with: {}
  undo: { action: tls.clients, with: { by: current } }`,
  commands: () => [{ transport: "controller", text: "make certificates of clients that are missing or about to end" }],
  repeatable: true,
  async run({ by }, { deployment }) {
    const made = await makeClients(deployment, by);
    return { outputs: { made }, changed: made.length > 0 };
  },
  probe: async ({ by }, { deployment }) => (await clientsDue(deployment, by)).length === 0,
});
