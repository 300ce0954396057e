import { z } from "zod";
import { count, day, duration, name, network, text } from "./words.ts";

export const firewallSchema = z.strictObject({
  manager: z
    .enum(["ufw", "none"])
    .describe("What manages the firewall of the hosts: ufw, or nothing that redisha should touch."),
  trusted: z
    .array(network(), { error: "expected a list of addresses" })
    .optional()
    .describe("Addresses and CIDR blocks of the deployment itself and of its operators."),
  clients: z
    .array(network(), { error: "expected a list of addresses" })
    .optional()
    .describe("Addresses and CIDR blocks that applications come from."),
});

const REPOSITORY = "expected s3://bucket/prefix, sftp://host/path or the absolute path of a directory";
const RECIPIENT = "expected an age recipient: age1 and what follows it";

const retentionSchema = z.strictObject({
  keep_last: count(1).optional().describe("Newest backups to keep."),
  keep_hourly: count(1).optional().describe("Hours to keep the newest backup of."),
  keep_daily: count(1).optional().describe("Days to keep the newest backup of."),
  keep_weekly: count(1).optional().describe("Weeks, from Monday, to keep the newest backup of."),
  keep_monthly: count(1).optional().describe("Months to keep the newest backup of."),
  keep_yearly: count(1).optional().describe("Years to keep the newest backup of."),
});

export const backupSchema = z.strictObject({
  repository: z
    .string({ error: REPOSITORY })
    .regex(/^(s3:\/\/[a-z0-9][a-z0-9.-]+(\/\S*)?|sftp:\/\/[^\s/]+\/\S+|\/\S.*)$/, REPOSITORY)
    .describe("Where backups live: s3://bucket/prefix, sftp://[user@]host[:port]/path, or an absolute path."),
  encrypt_to: z
    .array(z.string({ error: RECIPIENT }).regex(/^age1[a-z0-9]+$/, RECIPIENT), {
      error: "expected a list of recipients",
    })
    .optional()
    .describe("age recipients that can decrypt the backups. Left out: backups are not encrypted."),
  retention: retentionSchema
    .optional()
    .describe("Which backups stay; one that any rule keeps stays. Left out: all of them."),
});

export const drillSchema = z.strictObject({
  budget: z
    .strictObject({
      write_outage: duration().optional().describe("Longest time without an acknowledged write."),
      lost_writes: count(0).optional().describe("Acknowledged writes that may be gone afterwards."),
    })
    .optional()
    .describe("What a drill may cost at most; more, and it failed."),
});

export const preflightSchema = z.strictObject({
  waive: z
    .array(
      z.strictObject({
        check: name("the name of a check").describe("Check whose finding is accepted."),
        until: day().describe("Last day on which it is accepted."),
        reason: text("a reason").describe("Why, for those who read the report."),
      }),
      { error: "expected a list of waivers" },
    )
    .optional()
    .describe("Findings that are accepted until a day, with the reason."),
});
