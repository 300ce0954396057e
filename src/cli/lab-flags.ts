import { string } from "@oclif/core/flags";
import { commonFlags } from "./flags.ts";

/** The flags of all commands; those that choose a deployment have no meaning here, and are not shown. */
export const labCommonFlags = {
  ...commonFlags,
  deployment: { ...commonFlags.deployment, hidden: true },
  file: { ...commonFlags.file, hidden: true },
};

/** Flags that every lab command has. */
export const labFlags = {
  name: string({ default: "lab", helpValue: "NAME", summary: "Name of the lab" }),
  dir: string({ helpValue: "DIR", summary: "Folder that holds the labs, instead of the state directory" }),
};

/** `--name` and `--dir` as the use cases take them. */
export function labChoice(flags: { name: string; dir?: string | undefined }): { name: string; root?: string } {
  return { name: flags.name, ...(flags.dir === undefined ? {} : { root: flags.dir }) };
}
