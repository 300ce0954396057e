import { z } from "zod";
import {
  authoritiesOf,
  dropNext,
  ensureAuthority,
  settleAuthority,
  unsettleAuthority,
} from "../../certificates/authority-folder.ts";
import { authorityOf } from "../../certificates/material.ts";
import { certificatesIn, factsOf } from "../../certificates/read.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Deployment } from "../../inventory/model.ts";
import { defineAction } from "../define.ts";

/** Makes the authority of a deployment, or the one that is to come after it. */
export const tlsAuthority = defineAction({
  name: "tls.authority",
  summary: "Makes the deployment's own authority on this machine where there is none yet, or one to take its place",
  scope: "controller",
  effect: "change",
  input: z.strictObject({
    next: z.boolean().default(false).describe("One that takes the place of the one that is there"),
  }),
  output: z.strictObject({ serial: z.string(), not_after: z.string() }),
  example: `- id: authority
  action: tls.authority
  with: { next: true }
  undo: { action: tls.forget_next, with: {} }`,
  commands: ({ next }) => [
    { transport: "controller", text: `make ${next ? "the next" : "an"} authority, if there is none` },
  ],
  repeatable: true,
  async run({ next }, { deployment }) {
    const place = placeOf(deployment);
    const made = await ensureAuthority(place, next ? "next" : "current");
    const pem = (await authoritiesOf(place))[next ? "next" : "current"] ?? "";
    const [certificate] = certificatesIn(pem);
    if (!certificate) throw new TypeError("an authority that was made has a certificate");
    const { serial, not_after } = factsOf(certificate);
    return { outputs: { serial, not_after }, changed: made };
  },
});

/** From here on only the new authority counts. */
export const tlsSettle = defineAction({
  name: "tls.settle",
  summary: "Lets the next authority take the place of the one before, on this machine; that one is kept beside it",
  scope: "controller",
  effect: "change",
  input: z.strictObject({}),
  output: z.strictObject({}),
  example: `- id: settle
  action: tls.settle
  with: {}
  undo: { action: tls.unsettle, with: {} }`,
  commands: () => [{ transport: "controller", text: "the next authority becomes the current one" }],
  repeatable: true,
  run: async (_input, { deployment }) => ({ outputs: {}, changed: await settleAuthority(placeOf(deployment)) }),
});

/** Takes tls.settle back. */
export const tlsUnsettle = defineAction({
  name: "tls.unsettle",
  summary: "Takes tls.settle back: both authorities count again on this machine",
  scope: "controller",
  effect: "change",
  input: z.strictObject({}),
  output: z.strictObject({}),
  example: `- id: unsettle
  action: tls.unsettle
  with: {}
  undo: none`,
  commands: () => [{ transport: "controller", text: "the authority before becomes the current one again" }],
  repeatable: true,
  async run(_input, { deployment }) {
    await unsettleAuthority(placeOf(deployment));
    return { outputs: {}, changed: true };
  },
});

/** Takes tls.authority with `next` back. */
export const tlsForgetNext = defineAction({
  name: "tls.forget_next",
  summary: "Removes the next authority from this machine; what it signed must be out of use",
  scope: "controller",
  effect: "change",
  input: z.strictObject({}),
  output: z.strictObject({}),
  example: `- id: forget
  action: tls.forget_next
  with: {}
  undo: none`,
  commands: () => [{ transport: "controller", text: "remove the next authority" }],
  repeatable: true,
  async run(_input, { deployment }) {
    await dropNext(placeOf(deployment));
    return { outputs: {}, changed: true };
  },
});

function placeOf(deployment: Deployment) {
  const place = authorityOf(deployment);
  if (place) return place;
  throw new RedishaError({
    code: "AUTHORITY_NOT_OURS",
    message: `Certificates of ${deployment.name} are given in tls.files: whoever signed them makes new ones.`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["put the new files in place of the old ones, and: redisha rotate --only certificates"],
  });
}
