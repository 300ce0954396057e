import { z } from "zod";
import { known, onServers, passIf, sentinelOf } from "../findings.ts";
import { defineCheck } from "../model.ts";

export const sentinelQuorum = defineCheck({
  id: "sentinel-quorum",
  title: "The quorum is a majority of the Sentinels",
  why: "With a smaller quorum, Sentinels that are cut off start failovers that nobody can carry out; with a larger one, the loss of a Sentinel stops every failover.",
  how: "SENTINEL MASTER of each Sentinel, held against the number of Sentinels in redisha.yaml; SENTINEL CKQUORUM.",
  mend: ["set sentinel.quorum in redisha.yaml, then: redisha init --only sentinel"],
  documentation: "https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/",
  reads: ["servers"],
  limits: z.strictObject({}),
  wanted: () => "a quorum of N/2+1, and CKQUORUM OK",
  judge: (facts) => {
    const { instances, masterName } = facts.deployment;
    const declared = instances.filter(({ kind }) => kind === "sentinel").length;
    const majority = Math.floor(declared / 2) + 1;
    return onServers(facts, "sentinel", (server) => {
      const sentinel = sentinelOf(facts, server);
      const quorum = known(sentinel.quorum, `it does not watch ${masterName ?? "the group"}`);
      const said = sentinel.ckquorum_ok === false ? `; ${sentinel.ckquorum_message}` : "";
      const next = [`${sentinel.redis_cli} SENTINEL SET ${masterName ?? ""} quorum ${majority}`];
      const wanted = `a quorum of ${majority} for ${declared} Sentinels, and CKQUORUM OK`;
      return passIf(quorum === majority && said === "", `quorum ${quorum}${said}`, { wanted, next });
    });
  },
});
