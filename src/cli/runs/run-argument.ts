import { string } from "@oclif/core/args";

const description = "Id of the run, an unambiguous part of it, or last";

export const runArgument = string({ required: true, description });

export const optionalRunArgument = string({ description });
