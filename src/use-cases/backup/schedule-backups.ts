import { userInfo } from "node:os";
import { resolve } from "node:path";
import { policyOf } from "../../actions/backup/repository.ts";
import { type RenderedSchedule, renderFollow, renderSchedule } from "../../backup/schedule.ts";
import { RedishaError } from "../../core/errors.ts";
import { EXIT } from "../../core/exit-codes.ts";
import type { Deployment } from "../../inventory/model.ts";

export interface ScheduleRequest {
  /** `02:30`. */
  readonly at: string;
  readonly everyHours: number;
  readonly jitterMs: number;
  readonly user?: string | undefined;
  readonly textfile?: string | undefined;
  readonly onFailure?: string | undefined;
  /** The program; that which runs now where it is not said. */
  readonly program?: string | undefined;
  readonly more: readonly string[];
}

/** The texts by which this machine backs a deployment up again and again. Writes nothing. */
export function scheduleBackups(deployment: Deployment, request: ScheduleRequest): RenderedSchedule {
  policyOf(deployment);
  const { textfile, onFailure, user = userInfo().username, jitterMs, everyHours, more } = request;
  return renderSchedule({
    deployment: deployment.name,
    file: resolve(deployment.file),
    program: request.program ?? resolve(process.argv[1] ?? "redisha"),
    user,
    at: timeOf(request.at),
    everyHours,
    jitterMs,
    ...(textfile === undefined ? {} : { textfile: resolve(textfile) }),
    ...(onFailure === undefined ? {} : { onFailure }),
    more,
  });
}

/** The text of a service that follows append-only files on this machine. Writes nothing. */
export function scheduleFollow(
  deployment: Deployment,
  { onFailure, user = userInfo().username, program, more }: Omit<ScheduleRequest, "at" | "everyHours" | "jitterMs">,
): ReturnType<typeof renderFollow> {
  policyOf(deployment);
  return renderFollow({
    deployment: deployment.name,
    file: resolve(deployment.file),
    program: program ?? resolve(process.argv[1] ?? "redisha"),
    user,
    ...(onFailure === undefined ? {} : { onFailure }),
    more,
  });
}

function timeOf(text: string): { hour: number; minute: number } {
  const [, hour, minute] = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(text) ?? [];
  if (hour !== undefined && minute !== undefined) return { hour: Number(hour), minute: Number(minute) };
  throw new RedishaError({
    code: "USAGE",
    message: `not a time of day: ${text}`,
    exit: EXIT.usage,
    state: "nothing was touched",
    next: ["write it as hours and minutes: --at 02:30"],
  });
}
