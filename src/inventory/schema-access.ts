import { z } from "zod";
import { duration, path, port, text } from "./words.ts";

const ONE_OF = "expected exactly one of env, file and command";

/** Where a secret is found. The errors never repeat what stands in the file: it may be the secret itself. */
export const secretSchema = z
  .strictObject(
    {
      env: z
        .string({ error: "expected the name of an environment variable" })
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "expected the name of an environment variable")
        .optional()
        .describe("Name of the environment variable that holds it."),
      file: path().optional().describe("File that holds it and nothing else; one newline at its end does not count."),
      command: z
        .array(z.string({ error: "expected text" }), {
          error: "expected a list: the program, then its arguments. No shell reads it",
        })
        .min(1, "expected a program")
        .optional()
        .describe("Program and arguments that print it, run without a shell in the directory of this file."),
      timeout: duration().optional().describe("Time that the command may take. Default: 30s."),
    },
    { error: (issue) => (issue.code === "invalid_type" && issue.input !== undefined ? ONE_OF : undefined) },
  )
  .refine(
    (value) => [value.env, value.file, value.command].filter((source) => source !== undefined).length === 1,
    ONE_OF,
  )
  .refine((value) => value.timeout === undefined || value.command !== undefined, "timeout goes with command only");

/** Beside every `password` that servers know. */
export const previousPassword = () =>
  secretSchema
    .optional()
    .describe(
      "Where to find the password that was before, while `redisha rotate` changes it for `password`. Servers that do not take the new one yet are logged in to with this one.",
    );

const loginSchema = z
  .strictObject({
    username: text("a user name").optional().describe("ACL user. Left out: the user `default`, as with requirepass."),
    password: secretSchema.describe("Where to find the password: env, file or command."),
    previous_password: previousPassword(),
    previous_username: z
      .literal("default", { error: "expected default" })
      .optional()
      .describe(
        "`default`, where servers had requirepass only and `redisha init` gives them users: previous_password is that of requirepass, and goes on letting everybody in until both are taken out.",
      ),
  })
  .refine(
    (login) =>
      login.previous_username === undefined || (login.username !== undefined && login.previous_password !== undefined),
    "previous_username goes with username and previous_password",
  );

export const authSchema = z.strictObject({
  operator: loginSchema.optional().describe("Login at the data instances. Left out: none."),
  sentinel: z
    .union([z.literal("same"), loginSchema], { error: "expected same, or a login of its own" })
    .optional()
    .describe("Login at the Sentinels: `same` as the operator's, or one of their own. Left out: none."),
});

export const sshSettingsSchema = z.strictObject({
  adapter: z
    .enum(["ssh2", "openssh"])
    .optional()
    .describe(
      "ssh2, the default, is built in. openssh runs the ssh of this machine: for FIDO keys, certificates and Match blocks.",
    ),
  user: text("a user name").optional().describe("User to log in as."),
  port: port().optional().describe("Port of sshd."),
  identity: path().optional().describe("Private key to log in with."),
  passphrase: secretSchema.optional().describe("Where to find the passphrase of the private key."),
  known_hosts: path()
    .optional()
    .describe("File of known host keys, which are always verified. Default: ~/.ssh/known_hosts."),
  jump: text("[user@]host[:port]")
    .optional()
    .describe("Hosts to jump through, [user@]host[:port], several separated by commas."),
  become: z
    .enum(["sudo", "none"])
    .optional()
    .describe("How commands that need it become root. Default: none, which fits a login as root."),
  connect_timeout: duration()
    .optional()
    .describe("Limit for connecting, jump hosts included. Default: timeouts.connect."),
  config: path().optional().describe("File to read in place of ~/.ssh/config."),
});

export const sshSchema = z.union([z.enum(["none", "local"]), sshSettingsSchema], {
  error: "expected a map of SSH settings, none (no SSH), or local (redisha runs on the host itself)",
});
