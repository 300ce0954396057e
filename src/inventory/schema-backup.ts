import { z } from "zod";
import { secretSchema, sshSettingsSchema } from "./schema-access.ts";
import { bytes, count, duration, path, text, timezone } from "./words.ts";

const REPOSITORY = "expected s3://bucket/prefix, sftp://host/path or the absolute path of a directory";
const ENDPOINT = "expected http:// or https://, a host, and perhaps a port";
const RECIPIENT = "expected an age recipient: age1 and what follows it, or an SSH public key";

const retentionSchema = z.strictObject({
  keep_last: count(1).optional().describe("Newest backups to keep."),
  keep_hourly: count(1).optional().describe("Hours to keep the newest backup of."),
  keep_daily: count(1).optional().describe("Days to keep the newest backup of."),
  keep_weekly: count(1).optional().describe("Weeks, from Monday, to keep the newest backup of."),
  keep_monthly: count(1).optional().describe("Months to keep the newest backup of."),
  keep_yearly: count(1).optional().describe("Years to keep the newest backup of."),
});

const checkSchema = z.strictObject({
  max_age: duration().optional().describe("Age of the newest backup that is still right. Default: 26h."),
  min_size: bytes().optional().describe("Size, uncompressed, below which a backup is suspicious. Left out: none."),
  max_shrink: count(1, 100)
    .optional()
    .describe("How much smaller than the one before it a backup may be, in percent. Default: 50."),
  verified_within: duration()
    .optional()
    .describe("Age of the newest backup that was verified. Left out: none needs to be."),
  followed_within: duration()
    .optional()
    .describe(
      "Where `redisha backup follow` stores something: age of the newest moment that it reaches. Default: 15m.",
    ),
});

const s3Schema = z
  .strictObject({
    endpoint: z
      .string({ error: ENDPOINT })
      .regex(/^https?:\/\/[^\s/@]+\/?$/, ENDPOINT)
      .optional()
      .describe("Address of a server that is not Amazon's. Default: AWS_ENDPOINT_URL, else Amazon's."),
    region: text("a region").optional().describe("Default: AWS_REGION, or us-east-1 where an endpoint is set."),
    path_style: z
      .boolean({ error: "expected true or false" })
      .optional()
      .describe("Put the bucket into the path and not into the host name. Default: true where an endpoint is set."),
    access_key: secretSchema.optional().describe("Where to find the id of the access key; goes with secret_key."),
    secret_key: secretSchema
      .optional()
      .describe("Where to find the secret key. Left out: what the AWS programs use, such as AWS_ACCESS_KEY_ID."),
    session_token: secretSchema.optional().describe("Where to find the token of temporary credentials."),
  })
  .refine(
    ({ access_key, secret_key }) => (access_key === undefined) === (secret_key === undefined),
    "access_key and secret_key go together",
  )
  .refine(
    ({ access_key, session_token }) => session_token === undefined || access_key !== undefined,
    "session_token goes with access_key and secret_key",
  );

export const backupSchema = z.strictObject({
  repository: z
    .string({ error: REPOSITORY })
    .regex(/^(s3:\/\/[a-z0-9][a-z0-9.-]+(\/\S*)?|sftp:\/\/[^\s/]+\/\S+|\/\S.*)$/, REPOSITORY)
    .describe("Where backups live: s3://bucket/prefix, sftp://[user@]host[:port]/path, or an absolute path."),
  encrypt_to: z
    .array(
      z.string({ error: RECIPIENT }).regex(/^(age1[a-z0-9]+|ssh-(ed25519|rsa) [A-Za-z0-9+/]+=*( .*)?)$/, RECIPIENT),
      {
        error: "expected a list of recipients",
      },
    )
    .optional()
    .describe(
      "age recipients that can decrypt the backups: age1…, ssh-ed25519 … or ssh-rsa …. Left out: backups are not encrypted.",
    ),
  identities: z
    .array(path(), { error: "expected a list of files" })
    .optional()
    .describe(
      "Files of age or SSH keys that decrypt backups. Only restore needs them; best kept off the machine that makes backups.",
    ),
  compression: count(1, 19).optional().describe("Level of zstd, from 1 (fast) to 19 (small). Default: 3."),
  bandwidth: bytes().optional().describe("Most bytes per second to and from the repository. Left out: no limit."),
  retention: retentionSchema
    .optional()
    .describe("Which backups stay; one that any rule keeps stays. Left out: all of them."),
  minimum_redundancy: count(1)
    .optional()
    .describe("Complete backups that always stay, whatever the rules say. Default: 1."),
  timezone: timezone().optional().describe("Zone whose hours, days, weeks and months the rules count. Default: UTC."),
  check: checkSchema.optional().describe("What `redisha backup check` complains about."),
  s3: s3Schema.optional().describe("How to reach the server of an s3:// repository."),
  sftp: sshSettingsSchema
    .omit({ adapter: true, become: true })
    .optional()
    .describe("How to reach the host of an sftp:// repository. What is left out is taken from ~/.ssh/config."),
});
