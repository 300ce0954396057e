import { z } from "zod";
import { WEEKDAYS, WRITER_KINDS } from "./model.ts";
import { address, count, day, duration, name, network, port, text, timeOfDay, timezone } from "./words.ts";

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

export const timeSchema = z.strictObject({
  manager: z
    .enum(["timesyncd", "none"])
    .optional()
    .describe(
      "What keeps a clock right where nothing does yet: systemd-timesyncd, the default, or nothing that redisha should touch.",
    ),
  servers: z
    .array(address(), { error: "expected a list of time servers" })
    .min(1, "expected at least one time server")
    .optional()
    .describe("Time servers that it asks. Left out: those of the distribution."),
});

export const monitoringSchema = z.strictObject({
  exporter: z
    .strictObject({
      on: z
        .array(name("the name of a host"), { error: "expected a list of hosts" })
        .min(1, "expected at least one host")
        .describe(
          "Hosts that it runs on. Each asks every server and every Sentinel: one is enough, two outlive a host.",
        ),
      port: port().optional().describe("Where the one that asks servers listens. Default: 9121."),
      sentinel_port: port().optional().describe("Where the one that asks Sentinels listens. Default: 9122."),
      from: z
        .array(network(), { error: "expected a list of addresses" })
        .optional()
        .describe(
          "Addresses and CIDR blocks that Prometheus comes from; the firewall lets them in. Left out: it listens on 127.0.0.1 only.",
        ),
      program: z
        .string()
        .regex(/^\/\S+$/, "expected an absolute path as it is on the hosts")
        .optional()
        .describe("redis_exporter on these hosts. Left out: Debian's package prometheus-redis-exporter is installed."),
      user: text("a user name")
        .regex(/^[a-z_][a-z0-9_-]{0,30}$/, "expected the name of a system user")
        .optional()
        .describe("System user that it runs as. Default: prometheus."),
    })
    .optional()
    .describe("redis_exporter, which measures for Prometheus; it logs in to servers as `users.exporter`."),
});

export const drillSchema = z.strictObject({
  budget: z
    .strictObject({
      write_outage: duration().optional().describe("Longest time without an acknowledged write."),
      read_outage: duration().optional().describe("Longest time without an answered read."),
      recovery: duration().optional().describe("Time from the fault until every replica follows again."),
      lost_writes: count(0).optional().describe("Acknowledged writes that may be gone afterwards."),
      clients: z
        .array(z.enum(WRITER_KINDS, { error: `expected one of ${WRITER_KINDS.join(", ")}` }), {
          error: "expected a list of kinds of clients",
        })
        .nonempty("expected at least one kind of clients")
        .optional()
        .describe(`Whose writes count: ${WRITER_KINDS.join(", ")}. Left out: all but sticky.`),
    })
    .optional()
    .describe("What a drill may cost at most; more, and it failed."),
  window: z
    .strictObject({
      days: z
        .array(z.enum(WEEKDAYS, { error: `expected one of ${WEEKDAYS.join(", ")}` }), {
          error: "expected a list of days",
        })
        .nonempty("expected at least one day")
        .optional()
        .describe("Days on which it begins. Left out: every day."),
      from: timeOfDay().describe("When it begins, as 22:00."),
      to: timeOfDay().describe("When it ends, as 04:00; before `from` it is on the next day. 24:00 is midnight."),
      timezone: timezone().optional().describe("Zone of these times, such as Europe/Berlin. Default: UTC."),
    })
    .refine(({ from, to }) => from !== to, "a window must not end when it begins; a whole day is 00:00 to 24:00")
    .optional()
    .describe("When drills may hurt. Left out: at any time."),
});

export const preflightSchema = z.strictObject({
  profile: name("the name of a profile")
    .optional()
    .describe(
      "Severities and thresholds to go by: production (the default), dev, cache, datastore, or one of your own.",
    ),
  prometheus: text("the address of Prometheus")
    .regex(/^https?:\/\/[^\s]+$/, "expected an address such as http://prometheus.example:9090")
    .optional()
    .describe("Prometheus that watches the deployment; asked whether it does, and what it alerts on."),
  waive: z
    .array(
      z.strictObject({
        check: name("the name of a check").describe("Check whose finding is accepted."),
        target: text("the name of a host or an instance")
          .optional()
          .describe("Host, or instance as r1:6379, where it is accepted. Left out: everywhere."),
        until: day().describe("Last day on which it is accepted."),
        reason: text("a reason").describe("Why, for those who read the report."),
      }),
      { error: "expected a list of waivers" },
    )
    .optional()
    .describe("Findings that are accepted until a day, with the reason."),
});
