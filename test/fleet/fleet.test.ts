import { afterAll, beforeAll, expect, it } from "vitest";
import { redisha } from "../support/redisha.ts";
import { deploySentinel } from "./harness/deploy-sentinel.ts";
import { describeOnFleet } from "./harness/describe.ts";
import { bootFleet, type Fleet } from "./harness/fleet.ts";

describeOnFleet("a deployment on real hosts", () => {
  let fleet: Fleet;
  beforeAll(async () => {
    fleet = await bootFleet({ hosts: 3 });
  });
  afterAll(() => fleet?.down());

  it("is healthy in the eyes of status, which logs in as an ordinary user", async () => {
    const deployment = await deploySentinel(fleet);
    const { code, stdout, stderr } = await redisha(["status", "--file", deployment.file]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain("HEALTHY");
  });
});
