import { string } from "@oclif/core/args";

export const drillArgument = string({
  required: true,
  description: "Id of the drill's run, an unambiguous part of it, or last",
});
