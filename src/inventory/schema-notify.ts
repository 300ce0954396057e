import { z } from "zod";
import { NOTIFY_EVENTS } from "./model.ts";
import { secretSchema } from "./schema-access.ts";
import { duration, text } from "./words.ts";

const URL_RULE = "expected an https URL, or where to find one: env, file or command";

/** Plain http only where it does not leave the machine. */
const url = z
  .string({ error: URL_RULE })
  .regex(/^(https:\/\/[^\s/]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)(\/\S*)?$/, URL_RULE);

export const notifySchema = z
  .strictObject({
    command: z
      .array(text("a word of a command line"), { error: "expected a list: the program, then its arguments" })
      .min(1, "expected a program")
      .optional()
      .describe("Program that is told, without a shell: JSON on its standard input, REDISHA_EVENT in its environment."),
    webhook: z
      .strictObject({
        url: z
          .union([url, secretSchema], { error: URL_RULE })
          .describe("Where JSON is sent by POST. An address that is a secret itself is found by env, file or command."),
        header: z
          .strictObject({
            name: z
              .string()
              .regex(/^[A-Za-z0-9-]+$/, "expected the name of a header, such as Authorization")
              .describe("Name of the header."),
            value: secretSchema.describe("Where to find its value: env, file or command."),
          })
          .optional()
          .describe("A header that proves who is calling."),
      })
      .optional()
      .describe("An address that is told by HTTP."),
    timeout: duration().optional().describe("Time that telling may take. Default: 10s."),
    events: z
      .array(z.enum(NOTIFY_EVENTS, { error: `expected one of ${NOTIFY_EVENTS.join(", ")}` }))
      .nonempty("expected at least one event")
      .optional()
      .describe(`Which events are told: ${NOTIFY_EVENTS.join(", ")}. Left out: all of them.`),
  })
  .refine(
    ({ command, webhook }) => command !== undefined || webhook !== undefined,
    "expected command, webhook or both",
  );
