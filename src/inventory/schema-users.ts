import { z } from "zod";
import { previousPassword, secretSchema } from "./schema-access.ts";
import { text } from "./words.ts";

const userName = () =>
  text("a user name").regex(/^[A-Za-z0-9._-]+$/, "expected a user name of letters, digits and . - _");

const serviceUser = (what: string, fallback: string) =>
  z
    .strictObject({
      username: userName().optional().describe(`ACL user. Default: ${fallback}.`),
      password: secretSchema.describe("Where to find the password: env, file or command."),
      previous_password: previousPassword(),
    })
    .describe(what);

const pattern = (what: string) =>
  z.string({ error: `expected ${what}` }).regex(/^[^\s~&]+$/, `expected ${what}, without blanks, ~ and &`);

const applicationSchema = z.strictObject({
  password: secretSchema.describe("Where to find the password: env, file or command."),
  previous_password: previousPassword(),
  access: z
    .enum(["read-write", "read-only"])
    .optional()
    .describe("read-write, the default: every command but those that administer or are dangerous. read-only: reads."),
  keys: z
    .array(pattern("a pattern of keys such as cart:*"), { error: "expected a list of patterns" })
    .min(1, "expected at least one pattern; for all keys write *")
    .describe("Patterns of the keys that it may touch, such as cart:*."),
  channels: z
    .array(pattern("a pattern of channels such as cart:*"), { error: "expected a list of patterns" })
    .optional()
    .describe("Patterns of the channels that it may publish and subscribe to. Default: none."),
});

export const usersSchema = z.strictObject({
  replication: serviceUser("As whom replicas log in to their primary.", "replication").optional(),
  sentinel: serviceUser("As whom Sentinels log in to the servers and to each other.", "sentinel").optional(),
  exporter: serviceUser("As whom a metrics exporter reads INFO and the slow log.", "exporter").optional(),
  applications: z
    .record(userName(), applicationSchema)
    .optional()
    .describe("Users of applications, by name, each with the keys and channels that are its own."),
});
